-- Takes at most $5 waiting runs of the shards ($2, $3: shard and epoch) that $1 owns whose time has come at $4: running again, lease $6, one
-- attempt more, so that nothing of an earlier lease is ours. Paused ones stay, unless the pause has ended or they are to be undone. They never left run_live, so they keep their places among runs that share a key.
-- Skips rows that others hold. BETWEEN: see settle_runs.
WITH owned AS MATERIALIZED (
  SELECT o.shard, o.epoch FROM carillon.shard_owner o
  JOIN unnest($2::smallint[], $3::bigint[]) AS i(shard, epoch) ON i.shard = o.shard AND i.epoch = o.epoch
  WHERE o.owner = $1
  FOR KEY SHARE OF o
),
due AS MATERIALIZED (
  SELECT l.id, o.epoch FROM owned o
  JOIN carillon.run_live l ON l.shard = o.shard
  WHERE l.state = 'waiting' AND l.wake_at <= $4::timestamptz AND (l.paused_by IS NULL OR l.undoes OR l.paused_until <= $4::timestamptz)
    AND l.tenant_id <> ALL (ARRAY(SELECT d.tenant_id FROM carillon.dispatch_pause d
                                  WHERE d.until IS NULL OR d.until > $4::timestamptz))
  ORDER BY l.id
  LIMIT $5::integer
  FOR UPDATE OF l SKIP LOCKED
)
UPDATE carillon.run_live l
SET state = $7, owner = $1, epoch = d.epoch, attempt = l.attempt + 1, wake_at = NULL, told = false,
    paused_by = NULL, pause_reason = NULL, paused_until = NULL,
    lease_until = clock_timestamp() + $6::interval, heartbeat_at = clock_timestamp()
FROM due d
WHERE l.id BETWEEN d.id AND d.id AND l.state = 'waiting'
RETURNING l.id, l.epoch, l.attempt, l.shard, l.priority, l.run_at, l.tenant_id, l.task_id, l.task_version, l.number,
  l.retry, l.takeovers, l.slot, l.origin, l.agent_id, l.correlation_id, l.concurrency_key IS NOT NULL, l.payload,
  CASE WHEN l.cancel_requested_at IS NOT NULL THEN coalesce(l.cancel_reason, '') END, l.undoes, l.started_at;

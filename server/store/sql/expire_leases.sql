-- Takes over at most $5 runs whose lease has ended, in the shards ($2, $3: shard and epoch) that $1 owns. Next states: $6 cut off in a call
-- that may not be repeated, $7 cancel was asked, $8 quarantined after $4 dead workers, $9 queued again: also one that is undone, whatever was asked
-- and although an undo was cut off. Skips rows that others hold.
-- BETWEEN: see settle_runs.
WITH owned AS MATERIALIZED (
  SELECT o.shard FROM carillon.shard_owner o
  JOIN unnest($2::smallint[], $3::bigint[]) AS i(shard, epoch) ON i.shard = o.shard AND i.epoch = o.epoch
  WHERE o.owner = $1
  FOR KEY SHARE OF o
),
ended AS MATERIALIZED (
  SELECT l.id FROM carillon.run_live l
  WHERE l.state = 'running' AND l.lease_until < clock_timestamp() AND l.shard IN (SELECT shard FROM owned)
  ORDER BY l.id
  LIMIT $5::integer
  FOR UPDATE SKIP LOCKED
),
taken AS (
  DELETE FROM carillon.run_live l USING ended e
  WHERE l.id BETWEEN e.id AND e.id AND l.state = 'running' AND l.lease_until < clock_timestamp()
  RETURNING l.*,
    CASE WHEN l.call_state = 'calling' AND NOT (l.undoes AND coalesce(l.call_step, '') LIKE '%!undo') THEN $6
         WHEN l.cancel_requested_at IS NOT NULL AND NOT l.undoes THEN $7
         WHEN l.started_at IS NOT NULL AND l.takeovers + 1 >= $4::integer THEN $8
         ELSE $9 END AS next,
    l.paused_by IS NOT NULL AND NOT l.undoes AS is_paused
),
history AS (
  INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, slot, folded,
    run_at, started_at, finished_at, late_by, origin, agent_id, correlation_id, outcome, error_class, error_message,
    reason, cost, payload, compensated)
  SELECT t.id, t.tenant_id, t.task_id, t.task_version, t.number, t.retry, t.attempt, t.takeovers + 1, t.slot, t.folded,
    t.run_at, t.started_at, clock_timestamp(), greatest(t.started_at - coalesce(t.slot, t.run_at), interval '0'),
    t.origin, t.agent_id, t.correlation_id, t.next,
    CASE t.next WHEN $6 THEN 'unknown_outcome' WHEN $7 THEN 'cancelled' ELSE 'internal' END,
    CASE t.next
      WHEN $6 THEN 'The worker was lost while a call was under way that may not be repeated, so nobody knows whether it had '
        || 'its effect. Look at the other side; then retry_run repeats it, or leave it.'
      WHEN $7 THEN 'Cancelled; its worker was lost before it could stop.'
      ELSE 'Quarantined: ' || t.takeovers + 1 || ' workers died while they ran it. Find out why before retry_run.' END,
    CASE WHEN t.next = $7 THEN t.cancel_reason WHEN t.next = $8 THEN 'quarantined' ELSE t.reason END,
    (SELECT sum(e.cost) FROM carillon.effect_journal e WHERE e.run_id = t.id), t.payload, CASE WHEN t.undoes THEN false END
  FROM taken t WHERE t.next <> $9
),
steps AS (
  UPDATE carillon.step_journal j
  SET state = 'unknown', finished_at = clock_timestamp(), error_class = 'unknown_outcome',
      error_message = 'the worker was lost during the call'
  FROM taken t
  WHERE j.run_id BETWEEN t.id AND t.id AND j.state = 'running' AND t.call_state = 'calling' AND t.call_step IS NOT NULL
),
ready AS (
  INSERT INTO carillon.run_ready (shard, priority, run_at, id, tenant_id, task_id, task_version, number, retry, attempt,
    takeovers, slot, origin, agent_id, correlation_id, concurrency_key, key_width, expires_at, folded, reason, payload,
    cancel_requested_at, cancel_reason, undoes, paused_by, pause_reason, paused_until, resumes_at)
  SELECT t.shard, t.priority, CASE WHEN t.is_paused THEN coalesce(t.paused_until, 'infinity') ELSE t.run_at END, t.id, t.tenant_id, t.task_id, t.task_version, t.number, t.retry, t.attempt + 1,
    t.takeovers + CASE WHEN t.started_at IS NULL THEN 0 ELSE 1 END, t.slot, t.origin, t.agent_id, t.correlation_id,
    t.concurrency_key, t.key_width, NULL, t.folded, t.reason, t.payload, t.cancel_requested_at, t.cancel_reason, t.undoes,
    CASE WHEN t.is_paused THEN t.paused_by END, CASE WHEN t.is_paused THEN t.pause_reason END,
    CASE WHEN t.is_paused THEN t.paused_until END, CASE WHEN t.is_paused THEN t.run_at END
  FROM taken t WHERE t.next = $9
),
told AS (
  INSERT INTO carillon.outbox (event_type, aggregate, tenant_id, agent_id, correlation_id, source, "timestamp", data)
  SELECT 'task.run.' || CASE WHEN t.next = $9 THEN 'lease_expired' ELSE t.next END,
    CASE WHEN count(*) = 1 THEN 'run:' || min(t.id) ELSE 'runs' END, t.tenant_id, t.agent_id,
    CASE WHEN count(*) = 1 THEN min(t.correlation_id) ELSE '' END, 'worker', clock_timestamp(),
    convert_to(json_build_object('runs', json_agg(json_build_object(
      'run', t.id::text, 'task', t.task_id::text, 'number', t.number, 'retry', t.retry, 'attempt', t.attempt)))::text, 'UTF8')
  FROM taken t GROUP BY t.next, t.tenant_id, t.agent_id
)
SELECT id, shard, priority, run_at, next FROM taken;

-- Claims at most $8 runs that are due at $7 for owner $1, lease $9: from run_ready to run_live, or to run_history ($11) when
-- their own expiry has passed. Queues: $2 shard, $3 epoch, $4 priority, from ($5 time, $12 id) on, $6 most of this queue. Skips rows that others hold;
-- never waits. Of the runs that share a key so many may be live as their width says, each at a place of its own. Its commit is not waited for, unless something ended by it: start evidence of what may be repeated; a call that may not be
-- leaves evidence of its own (mark_runs) first, and later commits take earlier ones along. The floor is a comparison of rows and the filters stand in coalesce, because the planner thinks ranges and lists far too
-- narrow: it would fetch a whole queue and sort it, where walking the index to the limit is right.
WITH owned AS MATERIALIZED (
  SELECT o.shard, o.epoch FROM carillon.shard_owner o
  WHERE o.owner = $1 AND o.shard = ANY ($2::smallint[])
  ORDER BY o.shard
  FOR KEY SHARE
),
pair AS MATERIALIZED (
  SELECT p.* FROM unnest($2::smallint[], $3::bigint[], $4::smallint[], $5::timestamptz[], $6::integer[],
                            $12::bigint[])
    WITH ORDINALITY AS p(shard, epoch, priority, floor, n, floor_id, place)
  WHERE EXISTS (SELECT FROM owned WHERE owned.shard = p.shard AND owned.epoch = p.epoch)
  ORDER BY p.place
),
due AS MATERIALIZED (
  SELECT r.*, p.place
  FROM (SELECT * FROM pair ORDER BY place) p
  CROSS JOIN LATERAL (
    SELECT q.ctid AS row_place, q.tenant_id, q.concurrency_key, q.key_width, q.run_at, q.id FROM carillon.run_ready q
    WHERE q.shard = p.shard AND q.priority = p.priority AND (q.run_at, q.id) >= (p.floor, p.floor_id)
      AND q.run_at <= $7::timestamptz
      AND coalesce(q.tenant_id <> ALL (ARRAY(SELECT d.tenant_id FROM carillon.dispatch_pause d
                                             WHERE d.until IS NULL OR d.until > $7::timestamptz)), true)
      AND coalesce(q.concurrency_key IS NULL
                   OR q.key_width > (SELECT count(*) FROM carillon.run_live l
                                     WHERE l.tenant_id = q.tenant_id AND l.concurrency_key = q.concurrency_key), true)
    ORDER BY q.run_at, q.id
    LIMIT p.n
    FOR UPDATE OF q SKIP LOCKED
  ) r
  LIMIT $8::integer
),
keyed AS MATERIALIZED (
  SELECT row_place, id, tenant_id, concurrency_key, key_width,
    row_number() OVER (PARTITION BY tenant_id, concurrency_key ORDER BY place, run_at, id) AS turn
  FROM due WHERE concurrency_key IS NOT NULL
),
placed AS MATERIALIZED (
  SELECT k.row_place, k.id, free.key_place
  FROM keyed k
  CROSS JOIN LATERAL (
    SELECT g.key_place FROM generate_series(1, k.key_width) AS g(key_place)
    WHERE NOT EXISTS (SELECT FROM carillon.run_live l WHERE l.tenant_id = k.tenant_id
                        AND l.concurrency_key = k.concurrency_key AND l.key_place = g.key_place)
    ORDER BY g.key_place OFFSET k.turn - 1 LIMIT 1
  ) free
  WHERE k.turn + (SELECT count(*) FROM carillon.run_live l
                  WHERE l.tenant_id = k.tenant_id AND l.concurrency_key = k.concurrency_key) <= k.key_width
),
chosen AS MATERIALIZED (
  SELECT row_place FROM due WHERE concurrency_key IS NULL
  UNION ALL
  SELECT row_place FROM placed
),
removed AS (
  DELETE FROM carillon.run_ready WHERE ctid = ANY (ARRAY(SELECT row_place FROM chosen)) RETURNING *
),
leased AS (
  INSERT INTO carillon.run_live (id, shard, priority, run_at, tenant_id, task_id, task_version, number, retry, attempt,
    takeovers, slot, origin, agent_id, correlation_id, concurrency_key, key_width, key_place, expires_at, folded, reason,
    payload, cancel_requested_at, cancel_reason, undoes, state, owner, epoch, lease_until, heartbeat_at, started_at)
  SELECT r.id, r.shard, r.priority, r.run_at, r.tenant_id, r.task_id, r.task_version, r.number, r.retry, r.attempt,
    r.takeovers, r.slot, r.origin, r.agent_id, r.correlation_id, r.concurrency_key, r.key_width,
    CASE WHEN r.concurrency_key IS NULL THEN 1 ELSE (SELECT p.key_place FROM placed p WHERE p.id = r.id) END,
    r.expires_at, r.folded, r.reason, r.payload, r.cancel_requested_at, r.cancel_reason, r.undoes, $10, $1, o.epoch, clock_timestamp() + $9::interval, clock_timestamp(),
    CASE WHEN r.takeovers = 0 THEN $7::timestamptz END
  FROM removed r JOIN owned o ON o.shard = r.shard
  WHERE r.expires_at IS NULL OR r.expires_at > $7::timestamptz
  RETURNING id, epoch, attempt, shard, priority, run_at, tenant_id, task_id, task_version, number, retry, takeovers, slot,
    origin, agent_id, correlation_id, concurrency_key, payload, cancel_requested_at, cancel_reason, undoes
),
missed AS (
  INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, slot, folded,
    run_at, finished_at, origin, agent_id, correlation_id, outcome, error_class, reason, payload)
  SELECT r.id, r.tenant_id, r.task_id, r.task_version, r.number, r.retry, r.attempt, r.takeovers, r.slot, r.folded,
    r.run_at, $7::timestamptz, r.origin, r.agent_id, r.correlation_id, $11, 'expired',
    'expired: it had not started by its own deadline', r.payload
  FROM removed r
  WHERE r.expires_at <= $7::timestamptz
  RETURNING *
),
told AS (
  INSERT INTO carillon.outbox (event_type, aggregate, tenant_id, agent_id, correlation_id, source, "timestamp", data)
  SELECT e.event_type, CASE WHEN count(*) = 1 THEN 'run:' || min(e.id) ELSE 'runs' END, e.tenant_id, e.agent_id,
    CASE WHEN count(*) = 1 THEN min(e.correlation_id) ELSE '' END, 'worker', $7::timestamptz,
    convert_to('{"runs":[' || string_agg(
      format('{"run":"%s","task":"%s","number":%s,"retry":%s,"attempt":%s}', e.id, e.task_id, e.number, e.retry, e.attempt),
      ',') || ']}', 'UTF8')
  FROM (SELECT 'task.run.started' AS event_type, id, task_id, number, retry, attempt, tenant_id, agent_id, correlation_id FROM leased
        UNION ALL
        SELECT 'task.run.' || outcome, id, task_id, number, retry, attempt, tenant_id, agent_id, correlation_id FROM missed) e
  GROUP BY e.event_type, e.tenant_id, e.agent_id
)
SELECT id, epoch, attempt, shard, priority, run_at, tenant_id, task_id, task_version, number, retry, takeovers, slot, origin,
  agent_id, correlation_id, concurrency_key IS NOT NULL, payload, CASE WHEN cancel_requested_at IS NOT NULL THEN coalesce(cancel_reason, '') END,
  undoes, false,
  (SELECT set_config('synchronous_commit', 'off', true) WHERE NOT EXISTS (SELECT FROM missed))
FROM leased
UNION ALL
SELECT id, 0, attempt, 0::smallint, 0::smallint, run_at, tenant_id, task_id, task_version, number, retry, takeovers, slot,
  origin, agent_id, correlation_id, false, NULL, NULL, false, true, NULL
FROM missed;

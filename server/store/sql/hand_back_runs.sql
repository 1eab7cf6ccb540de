-- Returns runs that were claimed and not started, from run_live to run_ready as they were, when $1 still leases them by ($2 id,
-- $3 epoch, $4 attempt). Their attempt is not counted.
-- BETWEEN: see settle_runs.
WITH input AS (
  SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::integer[]) AS i(id, epoch, attempt) ORDER BY id
),
returned AS (
  DELETE FROM carillon.run_live l USING input i
  WHERE l.id BETWEEN i.id AND i.id AND l.epoch = i.epoch AND l.attempt = i.attempt AND l.owner = $1 AND l.state = 'running'
    AND l.call_state = 'idle' AND (l.cancel_requested_at IS NULL OR l.undoes)
  RETURNING l.*
),
ready AS (
  INSERT INTO carillon.run_ready (shard, priority, run_at, id, tenant_id, task_id, task_version, number, retry, attempt,
    takeovers, slot, origin, agent_id, correlation_id, concurrency_key, key_width, expires_at, folded, reason, payload,
    cancel_requested_at, cancel_reason, undoes, paused_by, pause_reason, paused_until, resumes_at)
  SELECT shard, priority, CASE WHEN paused_by IS NULL THEN run_at ELSE coalesce(paused_until, 'infinity') END, id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, slot, origin,
    agent_id, correlation_id, concurrency_key, key_width, expires_at, folded, reason, payload,
    cancel_requested_at, cancel_reason, undoes, paused_by, pause_reason, paused_until, CASE WHEN paused_by IS NOT NULL THEN run_at END
  FROM returned
),
told AS (
  INSERT INTO carillon.outbox (event_type, aggregate, tenant_id, agent_id, correlation_id, source, "timestamp", data)
  SELECT 'task.run.handed_back', 'runs', tenant_id, agent_id, '', 'worker', clock_timestamp(),
    convert_to(json_build_object('runs', json_agg(json_build_object(
      'run', id::text, 'task', task_id::text, 'number', number, 'retry', retry, 'attempt', attempt)))::text, 'UTF8')
  FROM returned GROUP BY tenant_id, agent_id
)
SELECT id, shard, priority, run_at, $5::text FROM returned;

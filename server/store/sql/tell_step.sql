-- Ends a step's wait ($2 run, $3 path, $4 attempt) with what it was told (at $6: $5 JSON; or that it has failed, with the class $7 and
-- the message $8) and wakes its run; one that is queued, because its worker was lost, finds it told. No row: it waits no more, or its run has just moved.
-- The run first: who ends a wait otherwise holds it before the step's row.
WITH live AS MATERIALIZED (
  SELECT l.id, l.shard, l.priority FROM carillon.run_live l WHERE l.tenant_id = $1 AND l.id = $2 FOR NO KEY UPDATE
),
queued AS MATERIALIZED (
  SELECT r.id, r.shard, r.priority FROM carillon.run_ready r WHERE r.tenant_id = $1 AND r.id = $2 FOR NO KEY UPDATE
),
locked AS MATERIALIZED (
  SELECT id, shard, priority FROM live UNION ALL SELECT id, shard, priority FROM queued
),
gone AS (
  DELETE FROM carillon.step_wait w USING locked k
  WHERE w.tenant_id = $1 AND w.run_id = k.id AND w.step_path = $3 AND w.attempt = $4
  RETURNING w.run_id
),
woken AS (
  UPDATE carillon.run_live l
  SET told = true, wake_at = CASE WHEN l.state = 'waiting' THEN '-infinity' ELSE l.wake_at END
  FROM gone g WHERE l.tenant_id = $1 AND l.id = g.run_id
),
heard AS (
  UPDATE carillon.step_journal j
  SET state = CASE WHEN $7::text IS NULL THEN 'succeeded' ELSE 'failed' END, finished_at = $6,
      output = $5, output_bytes = octet_length($5::bytea), error_class = $7, error_message = $8
  FROM gone g WHERE j.run_id = g.run_id AND j.step_path = $3 AND j.attempt = $4 AND j.state = 'waiting'
  RETURNING j.run_id
)
SELECT k.shard, k.priority FROM locked k JOIN heard h ON h.run_id = k.id;

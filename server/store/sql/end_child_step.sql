-- Writes how a step has ended whose child has ended ($6 path, $7 attempt): $8 state, $9 when, $10 output, $11 class, $12 message; of the run ($2)
-- that $3 leases by $4 epoch and $5 attempt. No row: the run is somebody else's, or the step waits no more.
WITH ours AS (
  SELECT l.id FROM carillon.run_live l
  WHERE l.tenant_id = $1 AND l.id = $2 AND l.owner = $3 AND l.epoch = $4 AND l.attempt = $5 AND l.state = 'running'
  FOR NO KEY UPDATE
),
gone AS (
  DELETE FROM carillon.step_wait w USING ours o
  WHERE w.tenant_id = $1 AND w.run_id = o.id AND w.step_path = $6 AND w.attempt = $7
)
UPDATE carillon.step_journal j
SET state = $8, finished_at = $9, output = $10, output_bytes = coalesce(octet_length($10::bytea), 0), error_class = $11, error_message = $12
FROM ours o WHERE j.run_id = o.id AND j.step_path = $6 AND j.attempt = $7 AND j.state = 'waiting'
RETURNING j.run_id;

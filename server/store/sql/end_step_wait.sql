-- Ends a step's wait ($6 path, $7 attempt) without its having been told anything: $8 state, $9 when, $10 class, $11 message; of the run ($2) that $3 leases by
-- $4 epoch and $5 attempt. No row: the run is somebody else's, or the step was told.
WITH ours AS (
  SELECT l.id FROM carillon.run_live l
  WHERE l.tenant_id = $1 AND l.id = $2 AND l.owner = $3 AND l.epoch = $4 AND l.attempt = $5 AND l.state = 'running'
  FOR NO KEY UPDATE
),
ended AS (
  UPDATE carillon.step_journal j
  SET state = $8, finished_at = $9, error_class = $10, error_message = $11
  FROM ours o WHERE j.run_id = o.id AND j.step_path = $6 AND j.attempt = $7 AND j.state = 'waiting'
  RETURNING j.run_id, j.step_path
)
DELETE FROM carillon.step_wait w USING ended e
WHERE w.tenant_id = $1 AND w.run_id = e.run_id AND w.step_path = e.step_path
RETURNING w.run_id;

-- Writes that an attempt of a step waits ($6 path, $7 attempt, $8 begun, $9 until when; infinity: for ever) for what $10 says: an event
-- ($11 pattern, or null; $12 condition, $13 what that may name), in the run ($2) that $3 leases by $4 epoch and $5 attempt, and holds its row until the transaction ends. No row: the run is
-- somebody else's, or the step waits already.
WITH ours AS (
  SELECT l.id, l.tenant_id FROM carillon.run_live l
  WHERE l.tenant_id = $1 AND l.id = $2 AND l.owner = $3 AND l.epoch = $4 AND l.attempt = $5 AND l.state = 'running'
  FOR NO KEY UPDATE
),
waits AS (
  INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at, not_before)
  SELECT o.id, $6, $7, o.tenant_id, 'waiting', $8, $9 FROM ours o
  ON CONFLICT (run_id, step_path, attempt) DO NOTHING
  RETURNING run_id, step_path, attempt, tenant_id
)
INSERT INTO carillon.step_wait (tenant_id, run_id, step_path, attempt, waits_for, event_pattern, condition, roots)
SELECT tenant_id, run_id, step_path, attempt, $10, $11, $12, $13 FROM waits
RETURNING run_id;

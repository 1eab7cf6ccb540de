-- Writes that an attempt of a step has succeeded ($6 path, $7 attempt, $8 begun, $9 ended, $10 output) for the run ($2) that $3 leases by $4 epoch and
-- $5 attempt, and holds its row until the transaction ends, so that nobody takes the run over meanwhile. No row: the run is somebody else's, or
-- the end is there already.
WITH ours AS (
  SELECT l.id, l.tenant_id FROM carillon.run_live l
  WHERE l.tenant_id = $1 AND l.id = $2 AND l.owner = $3 AND l.epoch = $4 AND l.attempt = $5 AND l.state = 'running'
  FOR NO KEY UPDATE
)
INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, started_at, finished_at, output, output_bytes)
SELECT o.id, $6, $7, o.tenant_id, 'succeeded', $8, $9, $10, octet_length($10::bytea) FROM ours o
ON CONFLICT (run_id, step_path, attempt) DO NOTHING
RETURNING run_id;

-- How the approval of the step $3 of the run $2, attempt $4, ended: $5 at $6, by $7; who was still to be told of it is not. No row: it was
-- decided before.
WITH decided AS (
  UPDATE carillon.approval SET outcome = $5, decided_at = $6, decided_by = $7
  WHERE tenant_id = $1 AND run_id = $2 AND step_path = $3 AND attempt = $4 AND outcome IS NULL
  RETURNING tenant_id, id, run_id
),
dropped AS (
  DELETE FROM carillon.delivery d USING decided x
  WHERE d.tenant_id = x.tenant_id AND d.run_id = x.id AND d.about = 'approval' AND d.state = 'pending'
)
SELECT run_id FROM decided;

-- How the approval of the step $3 of the run $2, attempt $4, ended: $5 at $6, by $7. No row: it was decided before.
UPDATE carillon.approval SET outcome = $5, decided_at = $6, decided_by = $7
WHERE tenant_id = $1 AND run_id = $2 AND step_path = $3 AND attempt = $4 AND outcome IS NULL
RETURNING run_id;

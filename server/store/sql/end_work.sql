-- How the work of the step $3 of the run $2, attempt $4, ended: $5 at $6, answered by $7 (or null). No row: it had ended before.
UPDATE carillon.work_item SET outcome = $5, ended_at = $6, answered_by = $7
WHERE tenant_id = $1 AND run_id = $2 AND step_path = $3 AND attempt = $4 AND outcome IS NULL
RETURNING run_id;

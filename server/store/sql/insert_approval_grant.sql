-- Grants for a while, until $7, what the step $3 of the run $2, attempt $4, asks, in the name of $5 at $6: its id. No row: the run is no more.
INSERT INTO carillon.approval_grant (tenant_id, task_id, message, digest, granted_by, granted_at, expires_at, run_id)
SELECT a.tenant_id, l.task_id, a.message, a.digest, $5, $6, $7, a.run_id
FROM carillon.approval a JOIN carillon.run_live l ON l.tenant_id = a.tenant_id AND l.id = a.run_id
WHERE a.tenant_id = $1 AND a.run_id = $2 AND a.step_path = $3 AND a.attempt = $4
RETURNING grant_id;

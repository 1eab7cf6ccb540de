-- Holds the approvals that the run $2 waits for until the transaction ends, so that votes follow each other.
SELECT a.step_path FROM carillon.approval a
WHERE a.tenant_id = $1 AND a.run_id = $2 AND a.outcome IS NULL
ORDER BY a.step_path, a.attempt
FOR UPDATE;

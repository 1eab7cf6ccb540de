-- Holds the work that the run $2 waits for until the transaction ends, so that claims and answers follow each other.
SELECT w.step_path FROM carillon.work_item w
WHERE w.tenant_id = $1 AND w.run_id = $2 AND w.outcome IS NULL
ORDER BY w.step_path, w.attempt
FOR UPDATE;

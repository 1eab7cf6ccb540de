-- The runs that share a number: the first and its retries. Locks nothing.
SELECT retry FROM carillon.run_ready WHERE tenant_id = $1 AND task_id = $2 AND number = $3
UNION ALL
SELECT retry FROM carillon.run_live WHERE tenant_id = $1 AND task_id = $2 AND number = $3
UNION ALL
SELECT retry FROM carillon.run_history WHERE tenant_id = $1 AND task_id = $2 AND number = $3
ORDER BY retry;

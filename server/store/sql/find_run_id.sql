-- The id of a run by task and number; $4 is the retry. Locks nothing.
SELECT id FROM carillon.run_ready WHERE tenant_id = $1 AND task_id = $2 AND number = $3 AND retry = $4
UNION ALL
SELECT id FROM carillon.run_live WHERE tenant_id = $1 AND task_id = $2 AND number = $3 AND retry = $4
UNION ALL
SELECT id FROM carillon.run_history WHERE tenant_id = $1 AND task_id = $2 AND number = $3 AND retry = $4
LIMIT 1;

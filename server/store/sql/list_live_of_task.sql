-- The live runs of a task. Locks nothing.
SELECT id, number, retry, state FROM carillon.run_live WHERE tenant_id = $1 AND task_id = $2 ORDER BY id;

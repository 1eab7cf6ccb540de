-- The last success of a task before run $3. Locks nothing.
SELECT task_version, finished_at FROM carillon.run_history
WHERE tenant_id = $1 AND task_id = $2 AND id < $3 AND outcome = 'succeeded' ORDER BY id DESC LIMIT 1;

-- How an attempt of a step has ended ($2 run, $3 path, $4 attempt): what a step that Carillon performs itself gave. Locks nothing.
SELECT output, finished_at FROM carillon.step_journal
WHERE tenant_id = $1 AND run_id = $2 AND step_path = $3 AND attempt = $4 AND state = 'succeeded';

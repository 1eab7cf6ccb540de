-- What is known of an attempt of a step that Carillon performs itself ($2 run, $3 path, $4 attempt): what it gave, or (no output) until when it
-- waits. Locks nothing.
SELECT output, coalesce(finished_at, started_at) AS at, not_before FROM carillon.step_journal
WHERE tenant_id = $1 AND run_id = $2 AND step_path = $3 AND attempt = $4 AND state IN ('succeeded', 'waiting');

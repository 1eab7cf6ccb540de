-- What is known of an attempt of a step that Carillon performs itself ($2 run, $3 path, $4 attempt): what it gave, how it failed, or until when it waits.
-- Locks nothing.
SELECT state, output, coalesce(finished_at, started_at) AS at, not_before, error_class, error_message FROM carillon.step_journal
WHERE tenant_id = $1 AND run_id = $2 AND step_path = $3 AND attempt = $4 AND state IN ('succeeded', 'failed', 'cancelled', 'unknown', 'waiting');

-- All that the steps of a run did, for folding it anew. Locks nothing.
SELECT step_path, attempt, state, coalesce(tool, '') AS tool, started_at, finished_at, not_before, error_class, error_message,
       output, coalesce(output_bytes, 0) AS output_bytes, reused_from
FROM carillon.step_journal WHERE tenant_id = $1 AND run_id = $2 ORDER BY started_at, attempt;

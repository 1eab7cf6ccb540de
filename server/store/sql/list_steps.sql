-- What the steps of a run did, in the order in which they began. Locks nothing.
SELECT step_path, attempt, state, tool, started_at, finished_at, not_before, error_class, error_message, output, output_bytes,
       round(cost * 1000000)::bigint AS micro_dollars
FROM carillon.step_journal WHERE tenant_id = $1 AND run_id = $2 ORDER BY started_at, step_path, attempt LIMIT $3;

-- What the steps of runs have done so far, in the order in which they started. Locks nothing.
SELECT run_id, step_path, attempt, state, coalesce(tool, ''), started_at, finished_at, not_before, error_class,
  error_message, output, coalesce(output_bytes, 0), reused_from
FROM carillon.step_journal WHERE run_id = ANY ($1::bigint[])
ORDER BY run_id, started_at, attempt;

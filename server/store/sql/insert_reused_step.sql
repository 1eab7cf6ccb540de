-- A step that the run $2 takes over from the run $3, as it ended there.
INSERT INTO carillon.step_journal (run_id, tenant_id, reused_from, step_path, attempt, state, tool, started_at, finished_at,
                                   error_class, error_message, output, output_bytes)
VALUES ($2, $1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

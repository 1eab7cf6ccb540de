-- The next slot $3 of a task's fixed delay, instead of the one that there was.
INSERT INTO carillon.cue (tenant_id, task_id, source, anchor, outcome, cause, told, due_at, depth, correlation_id)
VALUES ($1, $2, 'run_end', '', '', '', '', $3, 0, '')
ON CONFLICT (tenant_id, task_id) WHERE source = 'run_end' DO UPDATE
SET outcome = '', cause = '', told = '', due_at = excluded.due_at;

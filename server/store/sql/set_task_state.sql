-- Moves a task to state $3, if it is in one of the states $4; reason, who and until belong to paused.
UPDATE carillon.task
SET state = $3, pause_reason = $5, paused_by = $6, paused_until = $7, updated_at = $8
WHERE tenant_id = $1 AND task_id = $2 AND state = ANY ($4::text[])
RETURNING task_id;

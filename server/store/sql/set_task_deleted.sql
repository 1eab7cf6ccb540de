-- Deletes a task softly ($3 says when) or restores it ($3 is null).
UPDATE carillon.task SET deleted_at = $3, updated_at = $4 WHERE tenant_id = $1 AND task_id = $2;

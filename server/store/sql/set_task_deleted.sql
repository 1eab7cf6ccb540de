-- Deletes a task softly ($3 says when) or restores it ($3 is null), under the name $4.
UPDATE carillon.task SET deleted_at = $3, name = $4, updated_at = $5 WHERE tenant_id = $1 AND task_id = $2;

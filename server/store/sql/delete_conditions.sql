-- Forgets what a task's looks have left behind.
DELETE FROM carillon.condition WHERE tenant_id = $1 AND task_id = $2;

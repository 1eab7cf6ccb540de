-- The address of a task. Locks nothing.
SELECT hook_id FROM carillon.webhook WHERE tenant_id = $1 AND task_id = $2;

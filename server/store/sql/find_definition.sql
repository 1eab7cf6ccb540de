-- One version of a task's definition. Locks nothing.
SELECT definition FROM carillon.task_version WHERE tenant_id = $1 AND task_id = $2 AND version = $3;

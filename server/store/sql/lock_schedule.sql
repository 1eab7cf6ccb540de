-- Locks where a task's schedule stands against a concurrent firing.
SELECT task_id FROM carillon.schedule_state WHERE tenant_id = $1 AND task_id = $2 FOR UPDATE;

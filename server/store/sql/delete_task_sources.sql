-- Forgets what a task waits for.
DELETE FROM carillon.task_source WHERE tenant_id = $1 AND task_id = $2;

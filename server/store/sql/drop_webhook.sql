-- Takes a task's address away: nothing is delivered there any more.
DELETE FROM carillon.webhook WHERE tenant_id = $1 AND task_id = $2;

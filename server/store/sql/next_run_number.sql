-- Takes a number for a run of a task.
UPDATE carillon.schedule_state SET next_number = next_number + 1 WHERE tenant_id = $1 AND task_id = $2
RETURNING next_number - 1 AS number;

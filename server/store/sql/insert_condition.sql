-- A task looks at a tool's result from $4 on, by the trigger at place $3 of its schedule.
INSERT INTO carillon.condition (tenant_id, task_id, place, next_look_at) VALUES ($1, $2, $3, $4);

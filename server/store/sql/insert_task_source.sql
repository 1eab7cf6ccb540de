-- What a task waits for: the ends $5 of the runs of the task that is called $4, by source $3; or, $6 after each, its own.
INSERT INTO carillon.task_source (tenant_id, task_id, source, anchor, outcomes, delay) VALUES ($1, $2, $3, $4, $5, $6);

-- What a task waits for: the ends $5 of the runs of the task that is called $4, by source $3.
INSERT INTO carillon.task_source (tenant_id, task_id, source, anchor, outcomes) VALUES ($1, $2, $3, $4, $5);

-- The id of a tenant's living pipeline of the name $2. It stays as it is until the transaction ends: whoever saves it waits.
SELECT task_id FROM carillon.task
WHERE tenant_id = $1 AND name = $2 AND pipeline_id = task_id AND deleted_at IS NULL
FOR SHARE;

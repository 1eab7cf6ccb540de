-- The id of a tenant's task, by id $2 or name $3, deleted or not as $4 says. Locks its row until the transaction ends;
-- what else is to be read of it is read afterwards, by find_task, so that it is what the last writer left.
SELECT task_id FROM carillon.task
WHERE tenant_id = $1 AND (task_id = $2::bigint OR name = $3::text) AND (deleted_at IS NOT NULL) = $4::boolean
ORDER BY deleted_at DESC NULLS FIRST, task_id
LIMIT 1
FOR UPDATE;

-- The tasks that run a pipeline, those that were deleted softly too, by id: everybody locks in this order. Locks nothing.
SELECT task_id, name, deleted_at IS NULL AS living FROM carillon.task
WHERE tenant_id = $1 AND pipeline_id = $2 AND task_id <> $2 ORDER BY task_id;

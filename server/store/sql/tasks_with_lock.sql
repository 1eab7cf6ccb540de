-- Names of other living tasks that may share a run's concurrency key: those on the same shard. Locks nothing.
SELECT t.name, v.definition FROM carillon.task t
JOIN carillon.task_version v USING (tenant_id, task_id, version)
JOIN carillon.schedule_state s USING (tenant_id, task_id)
WHERE t.tenant_id = $1 AND s.shard = $2 AND t.task_id <> $3 AND t.deleted_at IS NULL
ORDER BY t.name LIMIT 200;

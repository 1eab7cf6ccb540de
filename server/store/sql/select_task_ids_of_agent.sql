-- The ids of the living active tasks that run for $2, in their order (as select_task_ids). Locks nothing.
SELECT task_id FROM carillon.task
WHERE tenant_id = $1 AND agent_id = $2 AND state = 'active' AND deleted_at IS NULL AND NOT hidden
ORDER BY task_id;

-- The living tasks that wait for the task called $2, by name, with how. Locks nothing.
SELECT t.task_id, t.name, s.source FROM carillon.task_source s
JOIN carillon.task t ON t.tenant_id = s.tenant_id AND t.task_id = s.task_id AND t.deleted_at IS NULL
WHERE s.tenant_id = $1 AND s.anchor = $2 AND s.source IN ('chain', 'task_slot')
ORDER BY t.name, s.source;

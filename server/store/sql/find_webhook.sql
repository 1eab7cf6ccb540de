-- Whose address $1 is, among living tasks that are not done. Cross-tenant: it is all that a delivery says of itself. Locks nothing.
SELECT w.hook_id, w.tenant_id, w.task_id, t.name, s.shard
FROM carillon.webhook w
JOIN carillon.task t ON t.tenant_id = w.tenant_id AND t.task_id = w.task_id AND t.deleted_at IS NULL AND t.state <> 'done'
JOIN carillon.schedule_state s ON s.tenant_id = w.tenant_id AND s.task_id = w.task_id
WHERE w.hook_id = $1;

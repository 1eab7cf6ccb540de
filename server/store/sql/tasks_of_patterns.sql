-- The living tasks that wait for events by one of the patterns $2, and if $3 those that have an address, and are not done, by id, with
-- the address. Locks nothing.
SELECT t.task_id, t.name, t.state, s.shard, v.definition, h.hook_id FROM carillon.task t
JOIN carillon.schedule_state s ON s.tenant_id = t.tenant_id AND s.task_id = t.task_id
JOIN carillon.task_version v ON v.tenant_id = s.tenant_id AND v.task_id = s.task_id AND v.version = s.task_version
LEFT JOIN carillon.webhook h ON h.tenant_id = t.tenant_id AND h.task_id = t.task_id
WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.state <> 'done'
  AND ($3::boolean AND h.hook_id IS NOT NULL OR EXISTS (SELECT FROM carillon.task_source w WHERE w.tenant_id = t.tenant_id AND w.task_id = t.task_id
                AND w.source = 'event' AND w.anchor = ANY ($2::text[])))
ORDER BY t.task_id;

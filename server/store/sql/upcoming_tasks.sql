-- The active tasks of a tenant that fire next, soonest first, up to $2. Locks nothing.
SELECT t.task_id, t.name, t.state, t.version, t.tags, t.priority, t.agent_id, t.hidden, t.zone,
       t.pause_reason, t.paused_by, t.paused_until, t.created_at, t.created_by, t.updated_at, t.deleted_at,
       v.definition, s.shard, s.last_slot, s.next_fire_at, s.fired_count
FROM carillon.task t
JOIN carillon.task_version v USING (tenant_id, task_id, version)
JOIN carillon.schedule_state s USING (tenant_id, task_id)
WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.state = 'active' AND s.next_fire_at <= $2
ORDER BY s.next_fire_at, t.name
LIMIT $3;

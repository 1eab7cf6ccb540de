-- The active tasks of a tenant that fire next, soonest first, up to $2. Locks nothing.
SELECT t.task_id, t.name, t.state, t.version, t.tags, t.priority, t.agent_id, t.hidden, t.zone,
       t.pause_reason, t.paused_by, t.paused_until, t.pause_meanwhile, t.paused_at, t.created_at, t.created_by, t.updated_at, t.deleted_at,
       v.definition, s.shard, s.last_slot, s.next_fire_at, s.fired_count, d.delay_slot
FROM carillon.task t
JOIN carillon.task_version v USING (tenant_id, task_id, version)
JOIN carillon.schedule_state s USING (tenant_id, task_id)
CROSS JOIN LATERAL (
  SELECT min(c.due_at) AS delay_slot FROM carillon.cue c
  WHERE c.tenant_id = t.tenant_id AND c.task_id = t.task_id AND c.source = 'run_end'
) d
WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.state = 'active' AND least(s.next_fire_at, d.delay_slot) <= $2
ORDER BY least(s.next_fire_at, d.delay_slot), t.name
LIMIT $3;

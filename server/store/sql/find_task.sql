-- A tenant's task by id $2 or name $3, deleted or not as $4 says, with its definition and where its schedule stands.
-- Locks nothing.
SELECT t.task_id, t.name, t.state, t.version, t.tags, t.priority, t.agent_id, t.hidden, t.zone,
       t.pause_reason, t.paused_by, t.paused_until, t.pause_meanwhile, t.paused_at, t.created_at, t.created_by, t.updated_at, t.deleted_at,
       v.definition, s.shard, s.last_slot, s.next_fire_at, s.fired_count,
       (SELECT min(c.due_at) FROM carillon.cue c WHERE c.tenant_id = t.tenant_id AND c.task_id = t.task_id
          AND c.source = 'run_end') AS delay_slot
FROM carillon.task t
JOIN carillon.task_version v USING (tenant_id, task_id, version)
JOIN carillon.schedule_state s USING (tenant_id, task_id)
WHERE t.tenant_id = $1 AND (t.task_id = $2::bigint OR t.name = $3::text)
  AND (t.deleted_at IS NOT NULL) = $4::boolean
ORDER BY t.deleted_at DESC NULLS FIRST, t.task_id
LIMIT 1;

-- The living tasks ($1 tenant, $2 name) that others stand ahead of, in the columns of due_schedules. Locks nothing.
SELECT s.tenant_id, s.task_id, t.name, s.shard, 0::bigint, s.task_version, s.last_slot, s.next_fire_at, s.fired_count,
  t.state, t.paused_until, coalesce(t.pause_reason, ''), t.agent_id, v.definition, array_to_string(v.scopes, ' '), false,
  s.revision
FROM unnest($1::text[], $2::text[]) AS i(tenant_id, name)
JOIN carillon.task t ON t.tenant_id = i.tenant_id AND t.name = i.name AND t.deleted_at IS NULL
JOIN carillon.schedule_state s ON s.tenant_id = t.tenant_id AND s.task_id = t.task_id
JOIN carillon.task_version v ON v.tenant_id = s.tenant_id AND v.task_id = s.task_id AND v.version = s.task_version;

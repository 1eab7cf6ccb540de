-- The tasks of shard $1 whose next slot is known, after the task $2, $3 and at most $4, of all tenants. Locks nothing.
SELECT t.tenant_id, t.task_id, t.name, t.state, t.version, t.tags, t.priority, t.agent_id, t.hidden, t.zone,
       t.pause_reason, t.paused_by, t.paused_until, t.pause_meanwhile, t.paused_at, t.created_at, t.created_by, t.updated_at, t.deleted_at,
       v.definition, s.shard, s.last_slot, s.next_fire_at, s.fired_count, NULL::timestamptz AS delay_slot
FROM carillon.schedule_state s
JOIN carillon.task t USING (tenant_id, task_id)
JOIN carillon.task_version v USING (tenant_id, task_id, version)
WHERE s.shard = $1::smallint AND (s.tenant_id, s.task_id) > ($2::text, $3::bigint) AND s.next_fire_at IS NOT NULL
  AND t.deleted_at IS NULL
ORDER BY s.tenant_id, s.task_id
LIMIT $4::bigint;

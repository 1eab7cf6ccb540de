-- At most $5 schedules that are due at $4, in the shards ($2, $3: shard and epoch) that $1 owns; earliest first. Locks nothing.
SELECT s.tenant_id, s.task_id, t.name, s.shard, i.epoch, s.task_version, s.last_slot, s.next_fire_at, s.fired_count,
  t.state, t.paused_until, coalesce(t.pause_reason, ''), t.agent_id, v.definition, array_to_string(v.scopes, ' '),
  EXISTS (SELECT FROM carillon.slot_override d WHERE d.tenant_id = s.tenant_id AND d.task_id = s.task_id
            AND d.slot > s.last_slot AND d.slot <= $4::timestamptz),
  s.revision
FROM unnest($2::smallint[], $3::bigint[]) AS i(shard, epoch)
JOIN carillon.shard_owner o ON o.shard = i.shard AND o.epoch = i.epoch AND o.owner = $1
JOIN carillon.schedule_state s ON s.shard = i.shard
JOIN carillon.task t ON t.tenant_id = s.tenant_id AND t.task_id = s.task_id
JOIN carillon.task_version v ON v.tenant_id = s.tenant_id AND v.task_id = s.task_id AND v.version = s.task_version
WHERE s.next_fire_at <= $4::timestamptz AND t.deleted_at IS NULL
ORDER BY s.next_fire_at, s.task_id
LIMIT $5::integer;

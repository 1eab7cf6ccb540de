-- Takes at most $5 looks that are due at $4, for $6, in the shards ($2, $3: shard and epoch) that $1 owns; none of a tenant for which nothing
-- is dispatched. Skips rows that others hold.
WITH due AS MATERIALIZED (
  SELECT c.tenant_id, c.task_id, c.place, s.task_version FROM carillon.condition c
  JOIN carillon.schedule_state s ON s.tenant_id = c.tenant_id AND s.task_id = c.task_id
  JOIN unnest($2::smallint[], $3::bigint[]) AS i(shard, epoch) ON i.shard = s.shard
  JOIN carillon.shard_owner o ON o.shard = i.shard AND o.epoch = i.epoch AND o.owner = $1
  JOIN carillon.task t ON t.tenant_id = c.tenant_id AND t.task_id = c.task_id AND t.state = 'active' AND t.deleted_at IS NULL
  WHERE c.next_look_at <= $4::timestamptz AND coalesce(c.leased_until, '-infinity') < $4::timestamptz
    AND NOT EXISTS (SELECT FROM carillon.dispatch_pause p WHERE p.tenant_id = c.tenant_id)
  ORDER BY c.next_look_at
  LIMIT $5::integer
  FOR UPDATE OF c SKIP LOCKED
)
UPDATE carillon.condition c SET leased_until = $4::timestamptz + $6::interval, looks = c.looks + 1
FROM due d
JOIN carillon.task t ON t.tenant_id = d.tenant_id AND t.task_id = d.task_id
JOIN carillon.task_version v ON v.tenant_id = d.tenant_id AND v.task_id = d.task_id AND v.version = d.task_version
WHERE c.tenant_id = d.tenant_id AND c.task_id = d.task_id AND c.place = d.place
RETURNING c.tenant_id, c.task_id, t.name, c.place, c.looks, c.memory, c.failures, v.definition,
  array_to_string(v.scopes, ' ');

-- The cues of tasks ($1 tenant, $2 task) that are due at $3, the oldest first, at most $4 of each. Locks nothing.
SELECT c.cue_id, c.tenant_id, c.task_id, c.source, c.anchor, c.outcome, c.cause, c.told, c.due_at, c.depth,
  c.correlation_id
FROM unnest($1::text[], $2::bigint[]) AS i(tenant_id, task_id)
CROSS JOIN LATERAL (
  SELECT * FROM carillon.cue e
  WHERE e.tenant_id = i.tenant_id AND e.task_id = i.task_id AND e.due_at <= $3::timestamptz
  ORDER BY e.due_at, e.cue_id
  LIMIT $4::integer
) c
ORDER BY c.due_at, c.cue_id;

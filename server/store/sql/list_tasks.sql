-- A page of a tenant's living tasks by name, after name $9, with what became of the last run of each. Locks nothing.
-- $2 part of name or description, $3 states (failing is one), $4 kind, $5 agent, $6 tag, $7 priority, $8 ids.
SELECT t.task_id, t.name, t.state, t.version, t.tags, t.priority, t.agent_id, t.hidden, t.zone,
       t.pause_reason, t.paused_by, t.paused_until, t.pause_meanwhile, t.paused_at, t.created_at, t.created_by, t.updated_at, t.deleted_at,
       v.definition, s.shard, s.last_slot, s.next_fire_at, s.fired_count,
       (SELECT min(c.due_at) FROM carillon.cue c WHERE c.tenant_id = t.tenant_id AND c.task_id = t.task_id
          AND c.source = 'run_end') AS delay_slot,
       l.id AS last_id, l.number AS last_number, l.retry AS last_retry, l.outcome AS last_outcome,
       l.finished_at AS last_finished_at, l.error_class AS last_error_class
FROM carillon.task t
JOIN carillon.task_version v USING (tenant_id, task_id, version)
JOIN carillon.schedule_state s USING (tenant_id, task_id)
LEFT JOIN LATERAL (
  SELECT h.id, h.number, h.retry, h.outcome, h.finished_at, h.error_class FROM carillon.run_history h
  WHERE h.tenant_id = t.tenant_id AND h.task_id = t.task_id AND h.outcome NOT IN ('missed', 'skipped', 'cancelled')
  ORDER BY h.id DESC LIMIT 1
) l ON true
WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND (NOT t.hidden OR $8::bigint[] IS NOT NULL)
  AND ($2::text IS NULL OR strpos(lower(t.name), lower($2)) > 0 OR strpos(lower(t.description), lower($2)) > 0)
  AND ($3::text[] IS NULL OR t.state = ANY ($3)
       OR ('failing' = ANY ($3) AND t.state <> 'done' AND coalesce(l.outcome IN ('failed', 'unknown'), false)))
  AND ($4::text IS NULL OR t.kind = $4)
  AND ($5::text IS NULL OR t.agent_id = $5)
  AND ($6::text IS NULL OR t.tags @> ARRAY[$6])
  AND ($7::integer IS NULL OR t.priority = $7)
  AND ($8::bigint[] IS NULL OR t.task_id = ANY ($8))
  AND ($9::text IS NULL OR t.name > $9)
ORDER BY t.name
LIMIT $10;

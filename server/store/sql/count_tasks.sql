-- How many tasks all pages of list_tasks have, with the same filters. Locks nothing.
SELECT count(*) AS total
FROM carillon.task t
LEFT JOIN LATERAL (
  SELECT h.outcome FROM carillon.run_history h
  WHERE 'failing' = ANY ($3::text[]) AND h.tenant_id = t.tenant_id AND h.task_id = t.task_id
    AND h.outcome NOT IN ('missed', 'skipped', 'cancelled')
  ORDER BY h.id DESC LIMIT 1
) l ON true
WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND NOT t.hidden
  AND ($2::text IS NULL OR strpos(lower(t.name), lower($2)) > 0 OR strpos(lower(t.description), lower($2)) > 0)
  AND ($3::text[] IS NULL OR t.state = ANY ($3)
       OR ('failing' = ANY ($3) AND t.state <> 'done' AND coalesce(l.outcome IN ('failed', 'unknown'), false)))
  AND ($4::text IS NULL OR t.kind = $4)
  AND ($5::text IS NULL OR t.agent_id = $5)
  AND ($6::text IS NULL OR t.tags @> ARRAY[$6])
  AND ($7::integer IS NULL OR t.priority = $7);

-- The live runs, the newest first and at most $7, that wait for work of one of the agents $2 (null: of any; empty text: of whoever takes it) unless somebody else
-- than $3 has claimed it beyond $4, for an approval that one of $5 gives (null: any), or ($6) for an event. Locks nothing.
SELECT l.id FROM carillon.run_live l
WHERE l.tenant_id = $1 AND l.id IN (
  SELECT w.run_id FROM carillon.work_item w
  WHERE w.tenant_id = $1 AND w.outcome IS NULL AND ($2::text[] IS NULL OR w.agent = ANY ($2))
    AND ($3::text IS NULL OR w.claimed_by IS NULL OR w.claimed_by = $3 OR w.claimed_until <= $4)
  UNION ALL
  SELECT a.run_id FROM carillon.approval a
  WHERE a.tenant_id = $1 AND a.outcome IS NULL AND ($5::text[] IS NULL OR a.deciders && $5)
  UNION ALL
  SELECT s.run_id FROM carillon.step_wait s
  WHERE $6::boolean AND s.tenant_id = $1 AND s.event_pattern IS NOT NULL)
ORDER BY l.id DESC
LIMIT $7;

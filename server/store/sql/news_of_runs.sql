-- Of some live runs: how far each has come, and whether it asks something: its call, or a step. Runs without news are left out. Locks nothing.
SELECT l.id, l.progress, q.asks
FROM carillon.run_live l
CROSS JOIN LATERAL (
  SELECT EXISTS (SELECT FROM carillon.run_question o
    WHERE o.run_id = l.id AND o.attempt = l.attempt AND o.closed_at IS NULL)
    OR EXISTS (SELECT FROM carillon.approval a WHERE a.tenant_id = l.tenant_id AND a.run_id = l.id AND a.outcome IS NULL) AS asks) q
WHERE l.id = ANY ($1::bigint[]) AND (l.progress IS NOT NULL OR q.asks);

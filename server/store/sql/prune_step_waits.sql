-- Removes at most $1 waits of steps whose runs have ended: one that is queued again, because its worker was lost, waits on. Skips rows that others hold.
WITH orphans AS (
  SELECT w.tenant_id, w.run_id, w.step_path FROM carillon.step_wait w
  WHERE NOT EXISTS (SELECT FROM carillon.run_live l WHERE l.tenant_id = w.tenant_id AND l.id = w.run_id)
    AND NOT EXISTS (SELECT FROM carillon.run_ready r WHERE r.tenant_id = w.tenant_id AND r.id = w.run_id)
  ORDER BY w.tenant_id, w.run_id, w.step_path
  LIMIT $1
  FOR UPDATE SKIP LOCKED
)
DELETE FROM carillon.step_wait w USING orphans o
WHERE w.tenant_id = o.tenant_id AND w.run_id = o.run_id AND w.step_path = o.step_path;

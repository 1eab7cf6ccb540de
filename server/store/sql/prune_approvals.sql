-- Removes at most $2 approvals that were asked before $1 and whose runs have ended; their votes go with them. Skips rows that others hold.
WITH old AS (
  SELECT a.tenant_id, a.run_id, a.step_path, a.attempt FROM carillon.approval a
  WHERE a.asked_at < $1
    AND NOT EXISTS (SELECT FROM carillon.run_live l WHERE l.tenant_id = a.tenant_id AND l.id = a.run_id)
  ORDER BY a.tenant_id, a.run_id, a.step_path, a.attempt
  LIMIT $2
  FOR UPDATE SKIP LOCKED
)
DELETE FROM carillon.approval a USING old o
WHERE a.tenant_id = o.tenant_id AND a.run_id = o.run_id AND a.step_path = o.step_path AND a.attempt = o.attempt;

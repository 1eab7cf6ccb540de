-- Removes at most $2 items of work that were asked for before $1 and whose runs have ended. Skips rows that others hold.
WITH old AS (
  SELECT w.tenant_id, w.run_id, w.step_path, w.attempt FROM carillon.work_item w
  WHERE w.asked_at < $1
    AND NOT EXISTS (SELECT FROM carillon.run_live l WHERE l.tenant_id = w.tenant_id AND l.id = w.run_id)
  ORDER BY w.tenant_id, w.run_id, w.step_path, w.attempt
  LIMIT $2
  FOR UPDATE SKIP LOCKED
)
DELETE FROM carillon.work_item w USING old o
WHERE w.tenant_id = o.tenant_id AND w.run_id = o.run_id AND w.step_path = o.step_path AND w.attempt = o.attempt;

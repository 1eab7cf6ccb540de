-- Notes that an agent asks for the status now, and gives when it asked before and what it could see then (nothing at its first question), and what it can see now. The caller holds the row's lock.
WITH before AS (
  SELECT asked_at, seen FROM carillon.last_asked WHERE tenant_id = $1 AND agent_id = $2
), noted AS (
  INSERT INTO carillon.last_asked (tenant_id, agent_id, asked_at, seen) VALUES ($1, $2, $3, pg_current_snapshot())
  ON CONFLICT (tenant_id, agent_id) DO UPDATE SET asked_at = excluded.asked_at, seen = excluded.seen
)
SELECT b.asked_at, b.seen, pg_current_snapshot() AS seen_now FROM (VALUES (1)) AS one LEFT JOIN before b ON true;

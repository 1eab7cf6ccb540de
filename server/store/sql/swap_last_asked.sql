-- Notes when an agent asks for the status and gives the time before; no row at its first question.
WITH before AS (
  SELECT asked_at FROM carillon.last_asked WHERE tenant_id = $1 AND agent_id = $2
), noted AS (
  INSERT INTO carillon.last_asked (tenant_id, agent_id, asked_at) VALUES ($1, $2, $3)
  ON CONFLICT (tenant_id, agent_id) DO UPDATE SET asked_at = excluded.asked_at
)
SELECT asked_at FROM before;

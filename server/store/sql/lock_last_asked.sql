-- Waits for another question of the same agent, so that two at once are not told the same. Locks the agent's row.
SELECT 1 FROM carillon.last_asked WHERE tenant_id = $1 AND agent_id = $2 FOR UPDATE;

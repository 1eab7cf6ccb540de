-- How many deliveries of a kind an agent was sent since $4. Locks nothing.
SELECT count(*) AS sent FROM carillon.delivery
WHERE tenant_id = $1 AND agent_id = $2 AND kind = $3 AND state = 'sent' AND settled_at > $4;

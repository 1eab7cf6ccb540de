-- How many notices of the kind $3 the agent $2 of the tenant $1 was sent since $4 ($5 at most are looked at; what was told together is one), and
-- when the earliest of them was. Locks nothing.
SELECT count(*) AS sent, min(settled_at) AS earliest
FROM (
  SELECT max(settled_at) AS settled_at FROM carillon.delivery
  WHERE tenant_id = $1 AND agent_id = $2 AND kind = $3 AND state = 'sent' AND settled_at > $4
  GROUP BY coalesce(letter, run_id) ORDER BY 1 DESC LIMIT $5
) notices;

-- Takes up to $6 pending deliveries of the kind $1 that are due at $4, for agents ($2 tenants, $3 agents), and makes them due again at $5. Locks them; skips what others hold.
WITH due AS (
  SELECT d.tenant_id, d.run_id, d.target FROM carillon.delivery d
  JOIN unnest($2::text[], $3::text[]) AS w(tenant_id, agent_id) USING (tenant_id, agent_id)
  WHERE d.kind = $1 AND d.state = 'pending' AND d.due_at <= $4
  ORDER BY d.due_at, d.run_id
  LIMIT $6
  FOR UPDATE OF d SKIP LOCKED
)
UPDATE carillon.delivery d SET due_at = $5, attempts = d.attempts + 1
FROM due WHERE d.tenant_id = due.tenant_id AND d.run_id = due.run_id AND d.target = due.target
RETURNING d.tenant_id, d.run_id, d.target, d.agent_id, d.attempts, d.held;

-- An identity that may call, unless there is one of that name. Waits for whoever makes it just now.
INSERT INTO auth.principal (tenant_id, agent_id, kind, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, agent_id) DO NOTHING;

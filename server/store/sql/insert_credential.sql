-- A token's hash, and what its holder may do.
INSERT INTO auth.credential (tenant_id, credential_id, agent_id, token_sha256, scopes, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

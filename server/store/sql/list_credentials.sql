-- A tenant's tokens, the newest first, by the names of their holders; or those of $2. Locks nothing.
SELECT c.credential_id, c.tenant_id, c.agent_id, p.kind, c.scopes, c.created_at, c.expires_at, c.revoked_at
FROM auth.credential c JOIN auth.principal p ON p.tenant_id = c.tenant_id AND p.agent_id = c.agent_id
WHERE c.tenant_id = $1 AND ($2::text IS NULL OR c.agent_id = $2)
ORDER BY c.agent_id, c.created_at DESC, c.credential_id;

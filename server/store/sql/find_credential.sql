-- Whose token has the hash $1, also one that counts no more. Cross-tenant: a token says nothing else of itself. Locks nothing.
SELECT c.credential_id, c.tenant_id, c.agent_id, p.kind, c.scopes, c.created_at, c.expires_at, c.revoked_at
FROM auth.credential c JOIN auth.principal p ON p.tenant_id = c.tenant_id AND p.agent_id = c.agent_id
WHERE c.token_sha256 = $1;

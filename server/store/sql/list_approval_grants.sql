-- The standing grants of the tenant $1 that count at $2, by task: up to $3. Locks nothing.
SELECT g.grant_id, t.name AS task_name, t.zone, g.message, g.digest, g.granted_by, g.granted_at, g.expires_at
FROM carillon.approval_grant g
JOIN carillon.task t ON t.tenant_id = g.tenant_id AND t.task_id = g.task_id
WHERE g.tenant_id = $1 AND g.revoked_at IS NULL AND g.expires_at > $2
ORDER BY t.name, g.grant_id LIMIT $3;

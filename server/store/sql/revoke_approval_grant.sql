-- The grant $2 of the tenant $1 counts no more: $3 took it back at $4. No row: it did not count before. Locks it.
UPDATE carillon.approval_grant SET revoked_at = $4, revoked_by = $3
WHERE tenant_id = $1 AND grant_id = $2 AND revoked_at IS NULL AND expires_at > $4
RETURNING task_id, message, digest, granted_by;

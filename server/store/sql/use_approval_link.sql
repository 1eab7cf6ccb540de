-- The link with the hash $2 has decided at $3. No row: it had before. Locks it.
UPDATE carillon.approval_link SET used_at = $3 WHERE tenant_id = $1 AND hash = $2 AND used_at IS NULL RETURNING hash;

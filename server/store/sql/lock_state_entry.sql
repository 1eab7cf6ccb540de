-- The entry of the key $3 in the namespace $2 of the tenant $1, made when there is none: then its last_number is 0. Locks its row until the transaction ends.
INSERT INTO carillon.state_entry (tenant_id, namespace, key)
VALUES ($1, $2, $3)
ON CONFLICT (tenant_id, namespace, key) DO UPDATE SET key = excluded.key
RETURNING last_number, version, value, expires_at, changed_at, changed_by, fencing, holder, held_until;

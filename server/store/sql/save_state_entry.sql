-- An entry that this transaction has locked, as it is now.
UPDATE carillon.state_entry
SET last_number = $4, version = $5, value = $6, expires_at = $7, changed_at = $8, changed_by = $9,
    fencing = $10, holder = $11, held_until = $12,
    ends_at = greatest(CASE WHEN $5::bigint IS NOT NULL THEN coalesce($7::timestamptz, 'infinity') ELSE '-infinity' END, $12::timestamptz)
WHERE tenant_id = $1 AND namespace = $2 AND key = $3;

-- The entry of the key $3 in the namespace $2; of its value the first $4 bytes. Locks nothing.
SELECT key, last_number, version, substring(value FROM 1 FOR $4::integer) AS value, octet_length(value) AS value_bytes,
  expires_at, changed_at, changed_by, fencing, holder, held_until
FROM carillon.state_entry
WHERE tenant_id = $1 AND namespace = $2 AND key = $3;

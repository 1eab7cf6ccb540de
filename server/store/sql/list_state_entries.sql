-- Entries of the namespace $2 whose keys begin with $3 and stand behind $4, in their order, that hold a value or a lease at $5, at most $6;
-- of each value the first $7 bytes. Keys have 200 bytes at most, so none that begins with $3 stands behind it and 200 of the last character. Locks nothing.
SELECT key, last_number, version, substring(value FROM 1 FOR $7::integer) AS value, octet_length(value) AS value_bytes,
  expires_at, changed_at, changed_by, fencing, holder, held_until
FROM carillon.state_entry
WHERE tenant_id = $1 AND namespace = $2 AND starts_with(key, $3)
  AND key >= $3 AND key <= $3 || repeat(chr(1114111), 200) AND key > $4 AND ends_at > $5::timestamptz
ORDER BY key
LIMIT $6;

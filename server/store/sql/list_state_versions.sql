-- Values that the key $3 had before the version $4 and that are kept at $5, the last first, at most $6; of each the first $7 bytes. Locks nothing.
SELECT version, substring(value FROM 1 FOR $7::integer) AS value, octet_length(value) AS value_bytes, changed_at, changed_by
FROM carillon.state_version
WHERE tenant_id = $1 AND namespace = $2 AND key = $3 AND version < $4 AND kept_until > $5::timestamptz
ORDER BY version DESC
LIMIT $6;

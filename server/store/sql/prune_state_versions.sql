-- Forgets up to $2 replaced values that were kept until before $1. Locks the rows it deletes.
DELETE FROM carillon.state_version
WHERE (tenant_id, namespace, key, version) IN (
  SELECT tenant_id, namespace, key, version FROM carillon.state_version
  WHERE kept_until < $1::timestamptz
  ORDER BY kept_until
  LIMIT $2::bigint
  FOR UPDATE SKIP LOCKED
);

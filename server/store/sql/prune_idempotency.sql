-- Forgets up to $2 answers that were given before $1. Locks the rows it deletes.
DELETE FROM carillon.idempotency
WHERE (tenant_id, client_generated_id) IN (
  SELECT tenant_id, client_generated_id FROM carillon.idempotency
  WHERE created_at < $1::timestamptz
  ORDER BY created_at
  LIMIT $2::bigint
  FOR UPDATE SKIP LOCKED
);

-- Takes a client_generated_id for this transaction. No row: it was used before; a transaction that is using it is waited for.
INSERT INTO carillon.idempotency (tenant_id, client_generated_id, command, content_sha256, answer, created_at)
VALUES ($1, $2, $3, sha256($4::bytea), '', $5)
ON CONFLICT (tenant_id, client_generated_id) DO NOTHING
RETURNING client_generated_id;

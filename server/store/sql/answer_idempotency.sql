-- Keeps the answer under the client_generated_id that this transaction took.
UPDATE carillon.idempotency SET answer = $3 WHERE tenant_id = $1 AND client_generated_id = $2;

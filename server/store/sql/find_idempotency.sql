-- The first answer to a client_generated_id, and whether command $3 with content $4 is what it was given to.
SELECT answer, command = $3 AND content_sha256 = sha256($4::bytea) AS same FROM carillon.idempotency
WHERE tenant_id = $1 AND client_generated_id = $2;

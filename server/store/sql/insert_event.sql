-- One event; no row: there is one of that type with that key. Waits for a transaction that is telling it.
INSERT INTO carillon.event (tenant_id, event_id, event_type, event_key, payload, source, cause, depth, tasks, correlation_id, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (tenant_id, event_type, event_key) WHERE event_key IS NOT NULL DO NOTHING
RETURNING event_id;

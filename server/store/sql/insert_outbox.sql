-- One event, told with the commit.
INSERT INTO carillon.outbox (event_type, aggregate, tenant_id, agent_id, client_generated_id, correlation_id, causation_id,
                             source, "timestamp", data)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

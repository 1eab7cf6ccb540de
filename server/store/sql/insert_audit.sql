-- Who did what to which thing, and how it looked before and after.
INSERT INTO carillon.audit (tenant_id, actor, actor_kind, action, subject, before, after, client_generated_id, correlation_id, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- A calendar, new or changed. Waits for whoever saves a task that uses it.
INSERT INTO carillon.calendar (tenant_id, name, description, days, updated_at, updated_by)
VALUES ($1, $2, $3, $4::date[], $5, $6)
ON CONFLICT (tenant_id, name) DO UPDATE
SET description = excluded.description, days = excluded.days, updated_at = excluded.updated_at,
    updated_by = excluded.updated_by;

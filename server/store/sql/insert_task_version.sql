-- One version of a task's definition; versions are never changed.
INSERT INTO carillon.task_version (tenant_id, task_id, version, definition, created_at, created_by, scopes)
VALUES ($1, $2, $3, $4, $5, $6, $7::text[]);

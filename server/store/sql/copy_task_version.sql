-- A version ($4) that says the same as another ($3) but for the days of its calendars: its writer and scopes stay.
INSERT INTO carillon.task_version (tenant_id, task_id, version, definition, created_at, created_by, scopes)
SELECT tenant_id, task_id, $4, $5, $6, created_by, scopes FROM carillon.task_version
WHERE tenant_id = $1 AND task_id = $2 AND version = $3;

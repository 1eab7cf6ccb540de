-- One version of a pipeline; versions are never changed.
INSERT INTO carillon.pipeline_version (tenant_id, task_id, version, definition, is_template, created_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7);

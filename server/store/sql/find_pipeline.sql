-- Version $3 of a tenant's living pipeline of the name $2; null: the latest. Locks nothing.
SELECT t.task_id, t.name, t.version AS latest, v.version, v.definition, v.is_template, v.created_at, v.created_by
FROM carillon.task t
JOIN carillon.pipeline_version v USING (tenant_id, task_id)
WHERE t.tenant_id = $1 AND t.name = $2 AND t.pipeline_id = t.task_id AND t.deleted_at IS NULL
  AND v.version = coalesce($3::integer, t.version);

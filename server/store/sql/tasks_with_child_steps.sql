-- Names and definitions of the living tasks and pipelines whose definitions seem to have a step that runs a pipeline. Locks nothing.
SELECT t.name, v.definition FROM carillon.task t
JOIN carillon.task_version v USING (tenant_id, task_id, version)
WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND position('"pipeline":"'::bytea IN v.definition) > 0
ORDER BY t.name;

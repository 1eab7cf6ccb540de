-- How many rows all pages of list_pipelines have, with the same filters. Locks nothing.
SELECT count(*) AS total
FROM carillon.task t
JOIN carillon.pipeline_version v USING (tenant_id, task_id, version)
WHERE t.tenant_id = $1 AND t.pipeline_id = t.task_id AND t.deleted_at IS NULL AND v.is_template = $3::boolean
  AND ($2::text IS NULL OR strpos(lower(t.name), lower($2)) > 0 OR strpos(lower(t.description), lower($2)) > 0);

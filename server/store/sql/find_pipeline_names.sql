-- The names of a tenant's living pipelines that contain $2, those first that begin with it. Locks nothing.
SELECT name, count(*) OVER () AS total FROM carillon.task
WHERE tenant_id = $1 AND pipeline_id = task_id AND deleted_at IS NULL AND strpos(lower(name), lower($2)) > 0
ORDER BY starts_with(lower(name), lower($2)) DESC, lower(name), name
LIMIT $3;

-- A page of a tenant's living pipelines by name, after name $4, with how many living tasks run each. $2 part of name or
-- description, $3 templates or none of them. Locks nothing.
SELECT t.task_id, t.name, t.version AS latest, v.version, v.definition, v.is_template, v.created_at, v.created_by,
       (SELECT count(*) FROM carillon.task u
        WHERE u.tenant_id = t.tenant_id AND u.pipeline_id = t.task_id AND u.task_id <> t.task_id
          AND u.deleted_at IS NULL) AS tasks
FROM carillon.task t
JOIN carillon.pipeline_version v USING (tenant_id, task_id, version)
WHERE t.tenant_id = $1 AND t.pipeline_id = t.task_id AND t.deleted_at IS NULL AND v.is_template = $3::boolean
  AND ($2::text IS NULL OR strpos(lower(t.name), lower($2)) > 0 OR strpos(lower(t.description), lower($2)) > 0)
  AND ($4::text IS NULL OR t.name > $4)
ORDER BY t.name
LIMIT $5;

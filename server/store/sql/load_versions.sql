-- Definitions of task versions ($1 tenant, $2 task, $3 version) with the task's name and its writer's scopes. Locks nothing.
SELECT v.tenant_id, v.task_id, v.version, t.name, v.definition, array_to_string(v.scopes, ' ')
FROM unnest($1::text[], $2::bigint[], $3::integer[]) AS i(tenant_id, task_id, version)
JOIN carillon.task_version v USING (tenant_id, task_id, version)
JOIN carillon.task t USING (tenant_id, task_id);

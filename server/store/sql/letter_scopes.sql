-- The scopes of who wrote the versions of tasks of which the runs $2 of the tenant $1 were; null where that is not known. Locks nothing.
SELECT DISTINCT v.scopes FROM carillon.run_history h
JOIN carillon.task_version v ON v.tenant_id = h.tenant_id AND v.task_id = h.task_id AND v.version = h.task_version
WHERE h.tenant_id = $1 AND h.id = ANY ($2::bigint[]);

-- The scopes of who wrote the versions of tasks of which the runs $2 of the tenant $1 were, or the runs that ask the approvals $2; null where that
-- is not known. Locks nothing.
SELECT v.scopes FROM carillon.run_history h
JOIN carillon.task_version v ON v.tenant_id = h.tenant_id AND v.task_id = h.task_id AND v.version = h.task_version
WHERE h.tenant_id = $1 AND h.id = ANY ($2::bigint[])
UNION
SELECT v.scopes FROM carillon.approval a
JOIN carillon.run_live l ON l.tenant_id = a.tenant_id AND l.id = a.run_id
JOIN carillon.task_version v ON v.tenant_id = l.tenant_id AND v.task_id = l.task_id AND v.version = l.task_version
WHERE a.tenant_id = $1 AND a.id = ANY ($2::bigint[]);

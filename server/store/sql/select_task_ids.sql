-- The ids of a tenant's living tasks: all of them, or those with tag $2, in the order of their ids (the order in which
-- commands over many tasks lock them). Locks nothing.
SELECT task_id FROM carillon.task
WHERE tenant_id = $1 AND deleted_at IS NULL AND NOT hidden AND ($2::text IS NULL OR tags @> ARRAY[$2])
ORDER BY task_id;

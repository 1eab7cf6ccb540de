-- A tenant's living tasks by state. Locks nothing.
SELECT state, count(*) AS total FROM carillon.task
WHERE tenant_id = $1 AND deleted_at IS NULL AND NOT hidden GROUP BY state;

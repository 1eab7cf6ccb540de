-- Paused tasks whose pause ends by $1, of all tenants. Locks nothing.
SELECT tenant_id, task_id FROM carillon.task
WHERE paused_until <= $1 AND state = 'paused' AND deleted_at IS NULL ORDER BY tenant_id, task_id LIMIT $2;

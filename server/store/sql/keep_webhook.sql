-- An address of its own for the task $2, made at $3; no row: it has one.
INSERT INTO carillon.webhook (tenant_id, task_id, hook_id, created_at)
VALUES ($1, $2, replace(gen_random_uuid()::text, '-', ''), $3)
ON CONFLICT (tenant_id, task_id) DO NOTHING
RETURNING hook_id;

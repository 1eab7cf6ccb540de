-- The held runs of a task, at $3, become due at $4, behind each other: those without a key get $5, in its shard $6.
UPDATE carillon.run_ready
SET run_at = $4, concurrency_key = coalesce(concurrency_key, $5),
    shard = CASE WHEN concurrency_key IS NULL THEN $6 ELSE shard END
WHERE tenant_id = $1 AND task_id = $2 AND run_at = $3
RETURNING id, number, retry, shard;

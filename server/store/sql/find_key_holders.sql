-- The live runs that hold a concurrency key, at most $3, oldest first, by their handles' parts. Locks nothing.
SELECT l.id, t.name, l.number, l.retry
FROM carillon.run_live l JOIN carillon.task t USING (tenant_id, task_id)
WHERE l.tenant_id = $1 AND l.concurrency_key = $2 ORDER BY l.id LIMIT $3;

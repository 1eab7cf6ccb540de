-- What was planned to be told of a run, and what became of it. Locks nothing.
SELECT target, state, attempts, last_error, settled_at, due_at FROM carillon.delivery
WHERE tenant_id = $1 AND run_id = $2 ORDER BY target;

-- Notes that a task's next slot was $3 and is $4 now, because of $5, at $6; what its owner has not been told yet begins with the first.
INSERT INTO carillon.retimed AS r (tenant_id, task_id, was, next, reason, at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant_id, task_id) DO UPDATE
SET was = CASE WHEN r.told_at IS NULL THEN r.was ELSE excluded.was END, next = excluded.next, reason = excluded.reason,
    at = excluded.at, told_at = NULL;

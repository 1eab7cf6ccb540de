-- The names that a caller may have meant, the most recently changed first. Locks nothing.
SELECT name FROM carillon.task WHERE tenant_id = $1 AND deleted_at IS NULL AND NOT hidden
ORDER BY updated_at DESC LIMIT $2;

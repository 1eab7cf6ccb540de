-- A delivery that could not be tried is due at once again, and the try is not counted.
UPDATE carillon.delivery SET due_at = $4, attempts = attempts - 1
WHERE tenant_id = $1 AND run_id = $2 AND target = $3 AND state = 'pending';

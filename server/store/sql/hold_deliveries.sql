-- What is due at $3 for the target $2 of the tenant $1 and was never tried waits until $4, to be told together. Locks it.
UPDATE carillon.delivery SET held = true, due_at = $4
WHERE tenant_id = $1 AND target = $2 AND state = 'pending' AND tried_at IS NULL AND due_at <= $3;

-- The letter $3 to the target $2 of the tenant $1 is tried again at $5 because of $6, if $4 was its last attempt. Locks it.
UPDATE carillon.delivery SET due_at = $5, last_error = $6, taken = false
WHERE tenant_id = $1 AND target = $2 AND letter = $3 AND attempts = $4 AND state = 'pending';

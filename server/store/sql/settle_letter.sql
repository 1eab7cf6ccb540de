-- What became of the letter $3 to the target $2 of the tenant $1: $4 is its state, $5 the error, $6 when. What is not pending any more stays as it is.
UPDATE carillon.delivery SET state = $4, last_error = $5, settled_at = $6, taken = false
WHERE tenant_id = $1 AND target = $2 AND letter = $3 AND state = 'pending';

-- What became of a delivery: $4 is its state, $5 the error, $6 when, $7 the run after which those are named with which it was told. A row that is not
-- pending any more stays as it is.
UPDATE carillon.delivery SET state = $4, last_error = $5, settled_at = $6, letter = coalesce(letter, $7)
WHERE tenant_id = $1 AND run_id = $2 AND target = $3 AND state = 'pending';

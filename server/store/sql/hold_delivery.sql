-- A delivery that its agent's hour has no room for waits until $4, to be told together with others; the try is not counted.
UPDATE carillon.delivery SET held = true, due_at = $4, attempts = attempts - 1
WHERE tenant_id = $1 AND run_id = $2 AND target = $3 AND state = 'pending';

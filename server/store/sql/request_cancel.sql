-- Asks the worker of a live run in one of the states $3 to stop it; the first reason stays. A waiting one is woken for it.
UPDATE carillon.run_live
SET cancel_requested_at = coalesce(cancel_requested_at, $4), cancel_reason = coalesce(cancel_reason, $5),
    wake_at = CASE WHEN state = 'waiting' THEN '-infinity' ELSE wake_at END
WHERE id = $1 AND tenant_id = $2 AND state = ANY ($3::text[])
RETURNING id;

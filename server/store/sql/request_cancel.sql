-- Asks the worker of a live run in one of the states $3 to stop it; the first reason stays. A waiting one is woken for it, a pause ends. $6: what it did is
-- undone before it ends, which nobody takes back.
UPDATE carillon.run_live
SET cancel_requested_at = coalesce(cancel_requested_at, $4), cancel_reason = coalesce(cancel_reason, $5), undoes = undoes OR $6,
    paused_by = NULL, pause_reason = NULL, paused_until = NULL,
    wake_at = CASE WHEN state = 'waiting' THEN '-infinity' ELSE wake_at END
WHERE id = $1 AND tenant_id = $2 AND state = ANY ($3::text[])
RETURNING id;

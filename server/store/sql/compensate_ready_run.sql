-- Makes a queued run that has begun before due at $6, to undo what it did; the first reason stays. No row: it is not queued any more.
UPDATE carillon.run_ready
SET cancel_requested_at = coalesce(cancel_requested_at, $6), cancel_reason = coalesce(cancel_reason, $7), undoes = true,
    run_at = least(run_at, $6), paused_by = NULL, pause_reason = NULL, paused_until = NULL, resumes_at = NULL
WHERE shard = $1 AND priority = $2 AND run_at = $3 AND id = $4 AND tenant_id = $5
RETURNING id;

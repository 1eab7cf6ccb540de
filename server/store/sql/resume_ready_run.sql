-- A queued run that was paused is due when it was. No row: it is not paused there any more.
UPDATE carillon.run_ready
SET run_at = resumes_at, paused_by = NULL, pause_reason = NULL, paused_until = NULL, resumes_at = NULL
WHERE shard = $1 AND priority = $2 AND run_at = $3 AND id = $4 AND tenant_id = $5 AND paused_by IS NOT NULL
RETURNING run_at;

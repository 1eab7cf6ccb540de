-- A queued run is not claimed until somebody resumes it, or until $8; $6 by whom, $7 why. One that undoes what it did goes on. No row: it is not
-- queued there any more.
UPDATE carillon.run_ready
SET paused_by = $6, pause_reason = $7, paused_until = $8::timestamptz, resumes_at = coalesce(resumes_at, run_at),
    run_at = coalesce($8::timestamptz, 'infinity')
WHERE shard = $1 AND priority = $2 AND run_at = $3 AND id = $4 AND tenant_id = $5 AND NOT undoes
RETURNING id;

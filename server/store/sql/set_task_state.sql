-- Moves a task to state $3, if it is in one of the states $4; reason, who, until and meanwhile ($9) belong to paused ($10). A pause
-- that is said again goes on: it began when it did, and keeps its meanwhile unless another is said.
UPDATE carillon.task
SET state = $3, pause_reason = $5, paused_by = $6, paused_until = $7, updated_at = $8,
    pause_meanwhile = CASE WHEN $3 = $10 THEN coalesce($9, CASE WHEN state = $10 THEN pause_meanwhile END) END,
    paused_at = CASE WHEN $3 = $10 THEN coalesce(CASE WHEN state = $10 THEN paused_at END, $8) END
WHERE tenant_id = $1 AND task_id = $2 AND state = ANY ($4::text[])
RETURNING task_id;

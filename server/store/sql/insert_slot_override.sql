-- Skips a slot ($4 is null) or moves it; says it anew where it was said already. The caller holds the lock of lock_schedule: a firing that was
-- decided before changes nothing.
WITH revised AS (
  UPDATE carillon.schedule_state SET revision = revision + 1 WHERE tenant_id = $1 AND task_id = $2
)
INSERT INTO carillon.slot_override (tenant_id, task_id, slot, moved_to, reason, created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant_id, task_id, slot) DO UPDATE
SET moved_to = excluded.moved_to, reason = excluded.reason, created_by = excluded.created_by, created_at = excluded.created_at;

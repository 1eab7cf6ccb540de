-- Takes back what was said about slots after $3. The caller holds the lock of lock_schedule.
WITH revised AS (
  UPDATE carillon.schedule_state SET revision = revision + 1 WHERE tenant_id = $1 AND task_id = $2
)
DELETE FROM carillon.slot_override WHERE tenant_id = $1 AND task_id = $2 AND slot > $3 RETURNING slot;

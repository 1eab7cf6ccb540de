-- Where a task's schedule stands from now on. The caller holds the lock of lock_schedule. With $7 the count of fired
-- slots starts afresh.
UPDATE carillon.schedule_state
SET shard = $3, task_version = $4, last_slot = $5, next_fire_at = $6,
    fired_count = CASE WHEN $7::boolean THEN 0 ELSE fired_count END
WHERE tenant_id = $1 AND task_id = $2;

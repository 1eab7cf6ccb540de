-- What a version of the definition repeats in the task's row, and the name. The caller holds the row's lock.
UPDATE carillon.task
SET name = $3, version = $4, kind = $5, action_kind = $6, description = $7, tags = $8::text[], priority = $9, zone = $10,
    target_sha256 = sha256($11::bytea), updated_at = $12,
    keep_records = $13::interval, keep_outputs = $14::interval, notify = $15::text[], notify_on = $16,
    calendars = $17::text[], pipeline_id = $18
WHERE tenant_id = $1 AND task_id = $2;

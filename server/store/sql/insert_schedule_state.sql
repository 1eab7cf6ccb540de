-- Where a new task's schedule stands.
INSERT INTO carillon.schedule_state (tenant_id, task_id, shard, task_version, last_slot, next_fire_at)
VALUES ($1, $2, $3, $4, $5, $6);

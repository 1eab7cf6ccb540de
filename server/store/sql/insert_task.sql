-- A new task. No row comes back when a living task has the name already. Waits for a transaction that is making it.
INSERT INTO carillon.task (tenant_id, task_id, name, state, version, kind, action_kind, description, tags, priority,
                           agent_id, hidden, zone, target_sha256, created_at, created_by, updated_at,
                           keep_records, keep_outputs, notify, notify_on, calendars, pipeline_id)
VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8::text[], $9, $10, $11, $12, sha256($13::bytea), $14, $10, $14, $15::interval,
        $16::interval, $17::text[], $18, $19::text[], $20)
ON CONFLICT (tenant_id, name) WHERE deleted_at IS NULL DO NOTHING
RETURNING task_id;

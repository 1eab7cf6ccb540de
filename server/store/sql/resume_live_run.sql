-- A live run that was paused goes on. No row: it is not live, or not paused.
UPDATE carillon.run_live SET paused_by = NULL, pause_reason = NULL, paused_until = NULL
WHERE tenant_id = $1 AND id = $2 AND paused_by IS NOT NULL
RETURNING shard;

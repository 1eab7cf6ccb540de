-- What was said about a task's slots after $3. Locks nothing.
SELECT slot, moved_to, reason FROM carillon.slot_override WHERE tenant_id = $1 AND task_id = $2 AND slot > $3 ORDER BY slot;

-- The slots of a task that have a run, from $3 to $4. Locks nothing.
SELECT slot FROM carillon.run_slot
WHERE tenant_id = $1 AND task_id = $2 AND slot BETWEEN $3::timestamptz AND $4::timestamptz ORDER BY slot LIMIT 3;

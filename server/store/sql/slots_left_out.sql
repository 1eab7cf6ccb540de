-- The slots of a task that were skipped: in rows with ids from $3 on, before $4, the newest $5 rows. A row may stand for a range. Locks nothing.
SELECT slot, slot_until FROM carillon.run_history
WHERE tenant_id = $1 AND task_id = $2 AND id >= $3 AND outcome = $6 AND origin = 'schedule' AND slot < $4
ORDER BY id DESC
LIMIT $5;

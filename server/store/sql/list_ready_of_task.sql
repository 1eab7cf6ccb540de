-- The queued runs of a task, so that each can be cancelled. Locks nothing.
SELECT shard, priority, run_at, id, number, retry FROM carillon.run_ready WHERE tenant_id = $1 AND task_id = $2 ORDER BY id;

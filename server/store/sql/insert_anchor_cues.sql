-- Tells those that stand ahead of the task called $2 that its slots are others now, at $3; gives their shards.
WITH waiting AS (
  SELECT w.task_id, s.shard FROM carillon.task_source w
  JOIN carillon.task t ON t.tenant_id = w.tenant_id AND t.task_id = w.task_id AND t.deleted_at IS NULL AND t.state <> 'done'
  JOIN carillon.schedule_state s ON s.tenant_id = w.tenant_id AND s.task_id = w.task_id
  WHERE w.tenant_id = $1 AND w.anchor = $2 AND w.source = 'task_slot'
), told AS (
  INSERT INTO carillon.cue (tenant_id, task_id, source, anchor, outcome, cause, told, due_at, depth, correlation_id)
  SELECT $1, task_id, 'task_slot', $2, '', '', $2, $3, 0, '' FROM waiting
)
SELECT DISTINCT shard FROM waiting;

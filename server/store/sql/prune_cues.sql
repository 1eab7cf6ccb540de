-- Deletes up to $2 cues from before $1 that nobody will answer, because their task was deleted while they were written. Locks the rows it deletes.
DELETE FROM carillon.cue
WHERE cue_id IN (
  SELECT c.cue_id FROM carillon.cue c
  LEFT JOIN carillon.task t ON t.tenant_id = c.tenant_id AND t.task_id = c.task_id AND t.deleted_at IS NULL
  WHERE c.due_at < $1::timestamptz AND t.task_id IS NULL
  LIMIT $2::bigint
);

-- Deletes for good up to $2 tasks that were deleted before $1 and have no run under way, with their versions and schedule. Locks them.
DELETE FROM carillon.task
WHERE (tenant_id, task_id) IN (
  SELECT t.tenant_id, t.task_id FROM carillon.task AS t
  WHERE t.deleted_at < $1::timestamptz
    AND NOT EXISTS (SELECT FROM carillon.run_live AS r WHERE r.tenant_id = t.tenant_id AND r.task_id = t.task_id)
    AND NOT EXISTS (SELECT FROM carillon.run_ready AS r WHERE r.tenant_id = t.tenant_id AND r.task_id = t.task_id)
  ORDER BY t.deleted_at
  LIMIT $2::bigint
  FOR UPDATE OF t SKIP LOCKED
);

-- What else waits for the target $2 of the tenant $1 is not tried before $3, because it cannot be reached ($4). Locks it; skips what others hold.
UPDATE carillon.delivery SET due_at = $3, last_error = coalesce(last_error, $4)
WHERE (tenant_id, run_id, target) IN (
  SELECT tenant_id, run_id, target FROM carillon.delivery
  WHERE tenant_id = $1 AND target = $2 AND state = 'pending' AND NOT taken AND due_at < $3
  FOR UPDATE SKIP LOCKED);

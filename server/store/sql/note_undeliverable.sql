-- Says of what is due at $2 of the kind $1, and of which nothing is said yet, why nobody delivers it here ($3). Locks it; skips what others hold.
UPDATE carillon.delivery SET last_error = $3
WHERE (tenant_id, run_id, target) IN (
  SELECT tenant_id, run_id, target FROM carillon.delivery
  WHERE kind = $1 AND state = 'pending' AND due_at <= $2 AND last_error IS NULL
  FOR UPDATE SKIP LOCKED);

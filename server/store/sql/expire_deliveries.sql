-- Gives up to $3 deliveries up that nobody took since $1. $2 is now. Locks them.
UPDATE carillon.delivery SET state = 'expired', settled_at = $2, last_error = coalesce(last_error, 'nobody was there to take it')
WHERE (tenant_id, run_id, target) IN (
  SELECT tenant_id, run_id, target FROM carillon.delivery
  WHERE state = 'pending' AND created_at < $1 LIMIT $3 FOR UPDATE SKIP LOCKED);

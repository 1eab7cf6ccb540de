-- Deletes up to $2 deliveries that were settled before $1. Locks the rows it deletes.
DELETE FROM carillon.delivery
WHERE (tenant_id, run_id, target) IN (
  SELECT tenant_id, run_id, target FROM carillon.delivery WHERE state <> 'pending' AND settled_at < $1 LIMIT $2);

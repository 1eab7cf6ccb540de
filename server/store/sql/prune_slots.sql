-- Forgets up to $2 slots from before $1: their runs are gone with their partition. Locks the rows it deletes.
DELETE FROM carillon.run_slot
WHERE (tenant_id, task_id, slot) IN (
  SELECT tenant_id, task_id, slot FROM carillon.run_slot
  WHERE slot < $1::timestamptz
  LIMIT $2::bigint
  FOR UPDATE SKIP LOCKED
);

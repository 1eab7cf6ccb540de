-- Takes back what was said about slots after $3.
DELETE FROM carillon.slot_override WHERE tenant_id = $1 AND task_id = $2 AND slot > $3 RETURNING slot;

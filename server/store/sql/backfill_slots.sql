-- Takes slots ($3) of a task for runs ($4): those that nobody took, and those whose row says that they did not run. Gives
-- what was taken; a slot that had a run keeps it.
INSERT INTO carillon.run_slot AS s (tenant_id, task_id, slot, run_id)
SELECT $1, $2, i.slot, i.run_id FROM unnest($3::timestamptz[], $4::bigint[]) AS i(slot, run_id) ORDER BY i.slot
ON CONFLICT (tenant_id, task_id, slot) DO UPDATE SET run_id = excluded.run_id
WHERE EXISTS (SELECT FROM carillon.run_history h WHERE h.id = s.run_id AND h.outcome IN ('missed', 'skipped'))
RETURNING run_id;

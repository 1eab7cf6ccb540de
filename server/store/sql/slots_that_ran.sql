-- Of some slots ($3) of a task those that had a run, or have one now. Locks nothing.
SELECT s.slot FROM carillon.run_slot s
WHERE s.tenant_id = $1 AND s.task_id = $2 AND s.slot = ANY ($3::timestamptz[])
  AND NOT EXISTS (SELECT FROM carillon.run_history h WHERE h.id = s.run_id AND h.outcome IN ('missed', 'skipped'));

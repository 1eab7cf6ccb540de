-- Up to $6 runs of a tenant's living tasks that ended as one of $2 says and were not repeated, oldest first; a run that a step
-- has started is repeated by its parent. $3 task, $4 error class, $5 from this id on. Locks nothing.
-- Who repeats a run has an id behind it, which keeps the look at its task's later runs short.
SELECT h.id FROM carillon.run_history h
JOIN carillon.task t ON t.tenant_id = h.tenant_id AND t.task_id = h.task_id AND t.deleted_at IS NULL
WHERE h.tenant_id = $1
  AND h.outcome = ANY ($2::text[])
  AND h.origin <> 'step'
  AND ($3::bigint IS NULL OR h.task_id = $3)
  AND ($4::text IS NULL OR h.error_class = $4)
  AND ($5::bigint IS NULL OR h.id >= $5)
  AND NOT EXISTS (SELECT FROM carillon.run_history r
                  WHERE r.tenant_id = h.tenant_id AND r.task_id = h.task_id AND r.id > h.id AND r.number = h.number)
  AND NOT EXISTS (SELECT FROM carillon.run_live r
                  WHERE r.tenant_id = h.tenant_id AND r.task_id = h.task_id AND r.number = h.number)
  AND NOT EXISTS (SELECT FROM carillon.run_ready r
                  WHERE r.tenant_id = h.tenant_id AND r.task_id = h.task_id AND r.number = h.number)
ORDER BY h.id
LIMIT $6;

-- How many runs of which tasks of a tenant are held, at $2, until somebody decides. Locks nothing.
SELECT t.name, t.zone, count(*) AS runs, min(r.slot) AS first_slot
FROM carillon.run_ready r JOIN carillon.task t USING (tenant_id, task_id)
WHERE r.tenant_id = $1 AND r.run_at = $2 GROUP BY t.name, t.zone ORDER BY t.name;

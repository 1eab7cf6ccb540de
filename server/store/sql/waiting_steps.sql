-- The steps that wait for events by one of the patterns $2, by run: of live runs, and of those that are queued because their worker was lost. Locks nothing.
SELECT w.run_id, w.step_path, w.attempt, w.condition, w.roots, t.name, coalesce(l.number, r.number) AS number, coalesce(l.retry, r.retry) AS retry
FROM carillon.step_wait w
LEFT JOIN carillon.run_live l ON l.tenant_id = w.tenant_id AND l.id = w.run_id
LEFT JOIN carillon.run_ready r ON r.tenant_id = w.tenant_id AND r.id = w.run_id
JOIN carillon.task t ON t.tenant_id = w.tenant_id AND t.task_id = coalesce(l.task_id, r.task_id)
WHERE w.tenant_id = $1 AND w.event_pattern = ANY ($2::text[])
ORDER BY w.run_id, w.step_path;

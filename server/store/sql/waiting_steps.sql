-- The steps of live runs that wait for events by one of the patterns $2, by run. Locks nothing.
SELECT w.run_id, w.step_path, w.attempt, w.condition, w.roots, t.name, l.number, l.retry FROM carillon.step_wait w
JOIN carillon.run_live l ON l.tenant_id = w.tenant_id AND l.id = w.run_id
JOIN carillon.task t ON t.tenant_id = l.tenant_id AND t.task_id = l.task_id
WHERE w.tenant_id = $1 AND w.event_pattern = ANY ($2::text[])
ORDER BY w.run_id, w.step_path;

-- What was planned to be told of a run and of what it asks to be approved, and what became of it. Locks nothing.
SELECT target, about, state, attempts, last_error, settled_at, due_at FROM carillon.delivery
WHERE tenant_id = $1 AND run_id = $2
UNION ALL
SELECT d.target, d.about, d.state, d.attempts, d.last_error, d.settled_at, d.due_at FROM carillon.approval a
JOIN carillon.delivery d ON d.tenant_id = a.tenant_id AND d.run_id = a.id AND d.about = 'approval'
WHERE a.tenant_id = $1 AND a.run_id = $2
ORDER BY target, about DESC, due_at;

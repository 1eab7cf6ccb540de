-- What is being asked by runs $2 of a tenant: the questions that are open, the oldest first. Locks nothing.
SELECT q.run_id, q.question_key, q.tool, q.method, q.params, q.asked_at, q.answer_until
FROM carillon.run_question q
JOIN carillon.run_live l ON l.tenant_id = $1 AND l.id = q.run_id AND l.attempt = q.attempt AND l.state = 'running'
WHERE q.tenant_id = $1 AND q.run_id = ANY ($2::bigint[]) AND q.closed_at IS NULL
ORDER BY q.asked_at, q.question_key;

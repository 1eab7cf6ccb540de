-- One question of a run, and whether it is open. Locks nothing.
SELECT q.tool, q.method, q.params, q.asked_at, q.answer_until, q.answered_by, q.outcome,
       q.closed_at IS NULL AND EXISTS (
         SELECT FROM carillon.run_live l WHERE l.id = q.run_id AND l.attempt = q.attempt AND l.state = 'running') AS open
FROM carillon.run_question q
WHERE q.tenant_id = $1 AND q.run_id = $2 AND q.question_key = $3;

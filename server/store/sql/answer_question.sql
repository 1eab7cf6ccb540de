-- The answer $4 that $5 gives at $6 to question $3 of run $2. No row where another was first, or the call that asked is no more.
UPDATE carillon.run_question q SET answer = $4, answered_by = $5, closed_at = $6, outcome = 'answered'
WHERE q.tenant_id = $1 AND q.run_id = $2::bigint AND q.question_key = $3 AND q.closed_at IS NULL
  AND EXISTS (SELECT FROM carillon.run_live l WHERE l.id = q.run_id AND l.attempt = q.attempt AND l.state = 'running')
RETURNING q.question_key;

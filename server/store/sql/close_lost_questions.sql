-- Closes at $1 up to $2 questions whose call is no more: the attempt that asked is not live. Answers that nobody took are erased. Skips rows
-- that others hold.
WITH lost AS MATERIALIZED (
  SELECT q.tenant_id, q.run_id, q.question_key, q.attempt, q.closed_at IS NULL AS open
  FROM carillon.run_question q
  WHERE (q.closed_at IS NULL OR q.answer IS NOT NULL)
    AND NOT EXISTS (SELECT FROM carillon.run_live l WHERE l.id = q.run_id AND l.attempt = q.attempt)
  LIMIT $2::integer
  FOR UPDATE OF q SKIP LOCKED
),
closed AS (
  UPDATE carillon.run_question q
  SET answer = NULL, closed_at = coalesce(q.closed_at, $1::timestamptz), outcome = coalesce(q.outcome, 'worker_lost')
  FROM lost l
  WHERE q.tenant_id = l.tenant_id AND q.run_id = l.run_id AND q.question_key = l.question_key
),
told AS (
  INSERT INTO carillon.outbox (event_type, aggregate, tenant_id, agent_id, correlation_id, source, "timestamp", data)
  SELECT 'task.run.unanswered', CASE WHEN count(*) = 1 THEN 'run:' || min(l.run_id) ELSE 'runs' END, l.tenant_id, '', '',
    'worker', $1::timestamptz,
    convert_to(json_build_object('runs', json_agg(json_build_object('run', l.run_id::text, 'attempt', l.attempt,
      'question', l.question_key, 'outcome', 'worker_lost')))::text, 'UTF8')
  FROM lost l WHERE l.open GROUP BY l.tenant_id
)
SELECT run_id FROM lost;

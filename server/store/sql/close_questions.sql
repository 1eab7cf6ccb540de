-- Closes at $4 those of some questions (runs $1 and keys $2, pairwise) that are open, as $3 says: expired, or call_ended, after which
-- nobody needs an answer, so that those that came are erased. Gives which were open.
WITH alive AS MATERIALIZED (
  SELECT q.tenant_id, q.run_id, q.question_key, q.attempt, q.closed_at IS NULL AS open
  FROM unnest($1::bigint[], $2::text[]) AS i(run_id, question_key)
  JOIN carillon.run_question q ON q.run_id = i.run_id AND q.question_key = i.question_key
  WHERE q.closed_at IS NULL OR ($3::text = 'call_ended' AND q.answer IS NOT NULL)
  FOR UPDATE OF q
),
closed AS (
  UPDATE carillon.run_question q
  SET answer = NULL, closed_at = coalesce(q.closed_at, $4::timestamptz), outcome = coalesce(q.outcome, $3::text)
  FROM alive a
  WHERE q.tenant_id = a.tenant_id AND q.run_id = a.run_id AND q.question_key = a.question_key
),
told AS (
  INSERT INTO carillon.outbox (event_type, aggregate, tenant_id, agent_id, correlation_id, source, "timestamp", data)
  SELECT 'task.run.unanswered', CASE WHEN count(*) = 1 THEN 'run:' || min(a.run_id) ELSE 'runs' END, a.tenant_id, '', '',
    'worker', $4::timestamptz,
    convert_to(json_build_object('runs', json_agg(json_build_object('run', a.run_id::text, 'attempt', a.attempt,
      'question', a.question_key, 'outcome', $3::text)))::text, 'UTF8')
  FROM alive a WHERE a.open GROUP BY a.tenant_id
)
SELECT run_id, question_key FROM alive WHERE open;

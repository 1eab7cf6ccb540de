-- Writes down at $9 what the call of the live run that $1 leases by ($2 id, $3 epoch, $4 attempt) asks: $5 key, $6 tool, $7 method, $8
-- params; it can be answered until $10. Gives the id where the run is still ours, also when the question was there already.
WITH run AS MATERIALIZED (
  SELECT l.id, l.tenant_id, l.task_id, l.number, l.retry, l.attempt, l.agent_id, l.correlation_id
  FROM carillon.run_live l
  WHERE l.id = $2::bigint AND l.epoch = $3::bigint AND l.attempt = $4::integer AND l.owner = $1 AND l.state = 'running'
  FOR KEY SHARE
),
asked AS (
  INSERT INTO carillon.run_question (tenant_id, run_id, question_key, attempt, tool, method, params, asked_at, answer_until)
  SELECT tenant_id, id, $5::text, attempt, $6::text, $7::text, convert_to($8::text, 'UTF8'), $9::timestamptz, $10::timestamptz
  FROM run
  ON CONFLICT (tenant_id, run_id, question_key) DO NOTHING
  RETURNING run_id
),
told AS (
  INSERT INTO carillon.outbox (event_type, aggregate, tenant_id, agent_id, correlation_id, source, "timestamp", data)
  SELECT 'task.run.asked', 'run:' || r.id, r.tenant_id, r.agent_id, r.correlation_id, 'worker', $9::timestamptz,
    convert_to(json_build_object('runs', json_build_array(json_build_object('run', r.id::text, 'task', r.task_id::text,
      'number', r.number, 'retry', r.retry, 'attempt', r.attempt, 'question', $5::text, 'tool', $6::text,
      'method', $7::text)))::text, 'UTF8')
  FROM run r JOIN asked a ON a.run_id = r.id
)
SELECT id FROM run;

-- Writes down what is durable about live runs that go on: start evidence ($5 call_state, $6 call_step, $7 when) and the step
-- ($8…$18) or effect ($19…$29) that ended, for those that $1 still leases by ($2 id, $3 epoch, $4 attempt). Gives their ids.
-- BETWEEN: see settle_runs.
WITH input AS (
  SELECT * FROM unnest(
      $2::bigint[], $3::bigint[], $4::integer[], $5::text[], $6::text[], $7::timestamptz[], $8::text[],
      $9::integer[], $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[],
      $15::text[], $16::text[], $17::bytea[], $18::bigint[], $19::text[], $20::integer[], $21::text[],
      $22::text[], $23::bytea[], $24::text[], $25::text[], $26::timestamptz[], $27::interval[], $28::bigint[],
      $29::bigint[])
    AS i(id, epoch, attempt, call_state, call_step, at,
         step_path, step_attempt, step_state, step_tool, step_started_at, step_finished_at, not_before,
         step_error_class, step_error_message, step_output, step_output_bytes, effect_step, effect_attempt,
         effect_tool, effect, effect_input, idempotency_key, effect_outcome, effect_started_at,
         effect_duration, effect_bytes, effect_micro_dollars)
  ORDER BY id
),
ours AS (
  UPDATE carillon.run_live l
  SET call_state = i.call_state, call_step = nullif(i.call_step, ''), started_at = coalesce(l.started_at, i.at)
  FROM input i
  WHERE l.id BETWEEN i.id AND i.id AND l.epoch = i.epoch AND l.attempt = i.attempt AND l.owner = $1 AND l.state = 'running'
  RETURNING l.tenant_id, i.*, i.effect_micro_dollars / 1000000.0 AS cost
),
journal AS (
  INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, tool, started_at, finished_at,
    not_before, error_class, error_message, output, output_bytes, cost)
  SELECT id, step_path, step_attempt, tenant_id, step_state, step_tool, step_started_at, step_finished_at, not_before,
    step_error_class, step_error_message, step_output, step_output_bytes, cost
  FROM ours WHERE step_path IS NOT NULL
  ON CONFLICT (run_id, step_path, attempt) DO UPDATE
  SET state = excluded.state, finished_at = excluded.finished_at, not_before = excluded.not_before,
      error_class = excluded.error_class, error_message = excluded.error_message, output = excluded.output,
      output_bytes = excluded.output_bytes, cost = excluded.cost
),
effects AS (
  INSERT INTO carillon.effect_journal (run_id, step_path, attempt, tenant_id, tool, effect, input_sha256,
    idempotency_key, outcome, started_at, duration, output_bytes, cost)
  SELECT id, effect_step, effect_attempt, tenant_id, effect_tool, effect, sha256(effect_input), idempotency_key,
    effect_outcome, effect_started_at, effect_duration, effect_bytes, cost
  FROM ours WHERE effect IS NOT NULL
  ON CONFLICT (run_id, step_path, attempt) DO NOTHING
)
SELECT id FROM ours;

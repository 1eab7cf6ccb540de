-- Writes down what is durable about live runs that go on: start evidence ($5 call_state, $6 call_step, $7 when) and the step
-- ($8…$19) or effect ($20…$29) that ended, for those that $1 still leases by ($2 id, $3 epoch, $4 attempt). Gives their ids.
WITH input AS (
  SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::integer[], $5::text[], $6::text[], $7::timestamptz[])
    AS i(id, epoch, attempt, call_state, call_step, at)
  ORDER BY id
),
ours AS (
  UPDATE carillon.run_live l
  SET call_state = i.call_state, call_step = nullif(i.call_step, ''), started_at = coalesce(l.started_at, i.at)
  FROM input i
  WHERE l.id = i.id AND l.epoch = i.epoch AND l.attempt = i.attempt AND l.owner = $1 AND l.state = 'running'
  RETURNING l.id, l.tenant_id
),
journal AS (
  INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, tool, started_at, finished_at,
    not_before, error_class, error_message, output, output_bytes)
  SELECT j.run_id, j.step_path, j.attempt, o.tenant_id, j.state, j.tool, j.started_at, j.finished_at, j.not_before,
    j.error_class, j.error_message, j.output, j.output_bytes
  FROM unnest($8::bigint[], $9::text[], $10::integer[], $11::text[], $12::text[], $13::timestamptz[],
              $14::timestamptz[], $15::timestamptz[], $16::text[], $17::text[], $18::bytea[], $19::bigint[])
    AS j(run_id, step_path, attempt, state, tool, started_at, finished_at, not_before, error_class, error_message,
         output, output_bytes)
  JOIN ours o ON o.id = j.run_id
  ON CONFLICT (run_id, step_path, attempt) DO UPDATE
  SET state = excluded.state, finished_at = excluded.finished_at, not_before = excluded.not_before,
      error_class = excluded.error_class, error_message = excluded.error_message, output = excluded.output,
      output_bytes = excluded.output_bytes
),
effects AS (
  INSERT INTO carillon.effect_journal (run_id, step_path, attempt, tenant_id, tool, effect, input_sha256,
    idempotency_key, outcome, started_at, duration, output_bytes)
  SELECT e.run_id, e.step_path, e.attempt, o.tenant_id, e.tool, e.effect, sha256(e.input), e.idempotency_key, e.outcome,
    e.started_at, e.duration, e.output_bytes
  FROM unnest($20::bigint[], $21::text[], $22::integer[], $23::text[], $24::text[], $25::bytea[], $26::text[],
              $27::text[], $28::timestamptz[], $29::interval[], $30::bigint[])
    AS e(run_id, step_path, attempt, tool, effect, input, idempotency_key, outcome, started_at, duration,
         output_bytes)
  JOIN ours o ON o.id = e.run_id
  ON CONFLICT (run_id, step_path, attempt) DO NOTHING
)
SELECT id FROM ours;

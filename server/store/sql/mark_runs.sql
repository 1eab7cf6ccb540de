-- Writes down what is durable about live runs that go on: start evidence ($5 call_state, $6 call_step, $7 when) and the step
-- ($8…$18) or effect ($19…$29) that ended, for those that $1 still leases by ($2 id, $3 epoch, $4 attempt); what has a wake_at ($30) waits until
-- then, or is woken at once when its end was asked for and it does not undo already. $32: it will end only when it is undone. A run's further steps stand in rows without a call_state. Gives their ids. BETWEEN: see settle_runs.
WITH input AS (
  SELECT * FROM unnest(
      $2::bigint[], $3::bigint[], $4::integer[], $5::text[], $6::text[], $7::timestamptz[], $8::text[],
      $9::integer[], $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[],
      $15::text[], $16::text[], $17::bytea[], $18::bigint[], $19::text[], $20::integer[], $21::text[],
      $22::text[], $23::bytea[], $24::text[], $25::text[], $26::timestamptz[], $27::interval[], $28::bigint[],
      $29::bigint[], $30::timestamptz[], $32::boolean[])
    AS i(id, epoch, attempt, call_state, call_step, at,
         step_path, step_attempt, step_state, step_tool, step_started_at, step_finished_at, not_before,
         step_error_class, step_error_message, step_output, step_output_bytes, effect_step, effect_attempt,
         effect_tool, effect, effect_input, idempotency_key, effect_outcome, effect_started_at,
         effect_duration, effect_bytes, effect_micro_dollars, wake_at, undoes)
  ORDER BY id
),
ours AS (
  UPDATE carillon.run_live l
  SET call_state = i.call_state, call_step = nullif(i.call_step, ''), started_at = coalesce(l.started_at, i.at),
      state = CASE WHEN i.wake_at IS NULL THEN l.state ELSE $31 END,
      lease_until = CASE WHEN i.wake_at IS NULL THEN l.lease_until ELSE 'infinity' END,
      undoes = l.undoes OR coalesce(i.undoes, false),
      wake_at = CASE WHEN i.wake_at IS NOT NULL AND (l.told OR (l.cancel_requested_at IS NOT NULL AND i.undoes IS NULL)) THEN '-infinity'
                     ELSE i.wake_at END
  FROM input i
  WHERE l.id BETWEEN i.id AND i.id AND l.epoch = i.epoch AND l.attempt = i.attempt AND l.owner = $1 AND l.state = 'running'
    AND i.call_state IS NOT NULL
  RETURNING l.tenant_id AS first_tenant, i.*
),
-- A window and no join: whatever the planner guesses of the sizes, it is one sort.
rows AS (
  SELECT r.*, max(r.first_tenant) OVER (PARTITION BY r.id) AS tenant_id, r.effect_micro_dollars / 1000000.0 AS cost
  FROM (SELECT o.* FROM ours o UNION ALL SELECT NULL, i.* FROM input i WHERE i.call_state IS NULL) AS r
),
journal AS (
  INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, tool, started_at, finished_at,
    not_before, error_class, error_message, output, output_bytes, cost)
  SELECT id, step_path, step_attempt, tenant_id, step_state, step_tool, step_started_at, step_finished_at, not_before,
    step_error_class, step_error_message, step_output, step_output_bytes, cost
  FROM rows WHERE tenant_id IS NOT NULL AND step_path IS NOT NULL
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
  FROM rows WHERE tenant_id IS NOT NULL AND effect IS NOT NULL
  ON CONFLICT (run_id, step_path, attempt) DO NOTHING
)
SELECT id FROM ours;

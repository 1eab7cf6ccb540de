-- Ends live runs that $1 still leases by ($2 id, $3 epoch, $4 attempt) with state $5: to run_history, or back to run_ready when
-- it is $6 and nobody asked for a cancel (else $7); with step ($18…$28) and effect ($29…$39). One that somebody wants undone ends only
-- by who knows ($41), and says whether it was ($42).
-- $40: what the whole run cost. Gives what really moved. The lists are sorted by id, so that two batches cannot wait for each other; a list in
-- which nothing is said is empty. BETWEEN is an equality that can only be looked up: with = the planner, which takes run_live for empty when a
-- session begins, compares each live run with each of the list.
WITH input AS (
  SELECT * FROM unnest(
      $2::bigint[], $3::bigint[], $4::integer[], $5::text[], $8::timestamptz[], $9::timestamptz[],
      $10::timestamptz[], $11::text[], $12::text[], $13::text[], $14::bytea[], $15::bigint[], $16::boolean[],
      $18::text[], $19::integer[], $20::text[], $21::text[], $22::timestamptz[], $23::timestamptz[],
      $24::timestamptz[], $25::text[], $26::text[], $27::bytea[], $28::bigint[], $29::text[], $30::integer[],
      $31::text[], $32::text[], $33::bytea[], $34::text[], $35::text[], $36::timestamptz[], $37::interval[],
      $38::bigint[], $39::bigint[], $40::bigint[], $41::boolean[], $42::boolean[])
    AS i(id, epoch, attempt, state, run_at, started_at, finished_at, error_class, error_message, reason,
         output, output_bytes, output_cut, step_path, step_attempt, step_state, step_tool, step_started_at,
         step_finished_at, not_before, step_error_class, step_error_message, step_output, step_output_bytes,
         effect_step, effect_attempt, effect_tool, effect, effect_input, idempotency_key, effect_outcome,
         effect_started_at, effect_duration, effect_bytes, effect_micro_dollars, micro_dollars, undoes, compensated)
),
closed AS (
  DELETE FROM carillon.run_live l USING input i
  WHERE l.id BETWEEN i.id AND i.id AND l.epoch = i.epoch AND l.attempt = i.attempt AND l.owner = $1 AND l.state = 'running'
    AND (NOT l.undoes OR i.undoes OR i.state = $6)
  RETURNING l.id, l.shard, l.priority, l.run_at, l.tenant_id, l.task_id, l.task_version, l.number, l.retry, l.attempt,
    l.takeovers, l.slot, l.origin, l.agent_id, l.correlation_id, l.concurrency_key, l.key_width, l.expires_at, l.folded, l.payload,
    l.reason AS why, l.cancel_requested_at, l.cancel_reason, l.undoes, i.compensated,
    l.paused_by, l.pause_reason, l.paused_until, l.paused_by IS NOT NULL AND NOT l.undoes AS is_paused,
    CASE WHEN l.undoes AND i.undoes IS NULL THEN i.finished_at ELSE i.run_at END AS next_run_at, coalesce(i.started_at, l.started_at) AS started_at,
    i.finished_at, i.error_class, i.error_message, i.reason, i.output, i.output_bytes, coalesce(i.output_cut, false) AS output_cut,
    CASE WHEN i.state = $6 AND l.cancel_requested_at IS NOT NULL AND NOT l.undoes THEN $7 ELSE i.state END AS state,
    i.step_path, i.step_attempt, i.step_state, i.step_tool, i.step_started_at, i.step_finished_at,
    i.not_before, i.step_error_class, i.step_error_message, i.step_output, i.step_output_bytes,
    i.effect_step, i.effect_attempt, i.effect_tool, i.effect, i.effect_input, i.idempotency_key,
    i.effect_outcome, i.effect_started_at, i.effect_duration, i.effect_bytes,
    i.effect_micro_dollars / 1000000.0 AS cost, i.micro_dollars / 1000000.0 AS run_cost
),
history AS (
  INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, slot, folded,
    run_at, started_at, finished_at, late_by, origin, agent_id, correlation_id, outcome, error_class, error_message,
    reason, cost, payload, output, output_bytes, output_cut, compensated)
  SELECT c.id, c.tenant_id, c.task_id, c.task_version, c.number, c.retry, c.attempt, c.takeovers, c.slot, c.folded,
    c.run_at, c.started_at, c.finished_at, greatest(c.started_at - coalesce(c.slot, c.run_at), interval '0'), c.origin,
    c.agent_id, c.correlation_id, c.state, c.error_class, c.error_message,
    coalesce(c.reason, CASE WHEN c.state = $7 THEN c.cancel_reason END, c.why), c.run_cost, c.payload,
    CASE WHEN octet_length(c.output) <= $17::integer THEN c.output END, c.output_bytes, c.output_cut, c.compensated
  FROM closed c WHERE c.state <> $6
),
outputs AS (
  INSERT INTO carillon.run_output (run_id, tenant_id, output)
  SELECT c.id, c.tenant_id, c.output FROM closed c WHERE c.state <> $6 AND octet_length(c.output) > $17::integer
),
ready AS (
  INSERT INTO carillon.run_ready (shard, priority, run_at, id, tenant_id, task_id, task_version, number, retry, attempt,
    takeovers, slot, origin, agent_id, correlation_id, concurrency_key, key_width, expires_at, folded, reason, payload,
    cancel_requested_at, cancel_reason, undoes, paused_by, pause_reason, paused_until, resumes_at)
  SELECT c.shard, c.priority, CASE WHEN c.is_paused THEN coalesce(c.paused_until, 'infinity') ELSE c.next_run_at END, c.id, c.tenant_id, c.task_id, c.task_version, c.number, c.retry,
    c.attempt + 1, c.takeovers, c.slot, c.origin, c.agent_id, c.correlation_id, c.concurrency_key, c.key_width, NULL,
    c.folded, c.why, c.payload, c.cancel_requested_at, c.cancel_reason, c.undoes,
    CASE WHEN c.is_paused THEN c.paused_by END, CASE WHEN c.is_paused THEN c.pause_reason END,
    CASE WHEN c.is_paused THEN c.paused_until END, CASE WHEN c.is_paused THEN c.next_run_at END
  FROM closed c WHERE c.state = $6
),
journal AS (
  INSERT INTO carillon.step_journal (run_id, step_path, attempt, tenant_id, state, tool, started_at, finished_at,
    not_before, error_class, error_message, output, output_bytes, cost)
  SELECT id, step_path, step_attempt, tenant_id, step_state, step_tool, step_started_at, step_finished_at, not_before,
    step_error_class, step_error_message, step_output, step_output_bytes, cost
  FROM closed WHERE step_path IS NOT NULL
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
  FROM closed WHERE effect IS NOT NULL
  ON CONFLICT (run_id, step_path, attempt) DO NOTHING
),
told AS (
  INSERT INTO carillon.outbox (event_type, aggregate, tenant_id, agent_id, correlation_id, source, "timestamp", data)
  SELECT 'task.run.' || CASE WHEN c.state = $6 THEN 'retrying' ELSE c.state END,
    CASE WHEN count(*) = 1 THEN 'run:' || min(c.id) ELSE 'runs' END, c.tenant_id, c.agent_id,
    CASE WHEN count(*) = 1 THEN min(c.correlation_id) ELSE '' END, 'worker', max(c.finished_at),
    convert_to('{"runs":[' || string_agg(
      format('{"run":"%s","task":"%s","number":%s,"retry":%s,"attempt":%s,"error_class":%s}', c.id, c.task_id, c.number,
             c.retry, c.attempt, coalesce(to_json(c.error_class)::text, 'null')), ',') || ']}', 'UTF8')
  FROM closed c GROUP BY c.state, c.tenant_id, c.agent_id
)
SELECT id, shard, priority, CASE WHEN state = $6 THEN next_run_at ELSE run_at END, state FROM closed;

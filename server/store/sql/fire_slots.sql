-- Fires due schedules by compare-and-swap: tasks are $2…$19 (by place), their slots $20…$29, at $30 in the shards that $1 owns. Queues runs
-- ($31), writes missed ones, skipped ones ($32) and cancelled ones ($33). Locks the schedules' rows; one statement, so all of it or none.
-- $34 says of each task whether it is done now, $35…$37 of each slot which cue it answers; $38 (by place), $39 are the cues that go; $40 are the widths of the tasks' keys.
-- What an event tells travels with its run: in the row up to $41 bytes, else apart. $42 is the state's revision: what is said about a slot meanwhile counts.
WITH task_in AS MATERIALIZED (
  SELECT * FROM unnest($2::integer[], $3::text[], $4::bigint[], $5::smallint[], $6::bigint[], $7::integer[],
      $8::timestamptz[], $9::timestamptz[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::integer[],
      $14::smallint[], $15::text[], $16::text[], $17::interval[], $18::boolean[], $19::text[], $34::boolean[],
      $40::smallint[], $42::integer[])
    AS i(place, tenant_id, task_id, shard, epoch, version, old_slot, old_next, task_state, new_slot, new_next, fired,
         priority, concurrency_key, dedupe_key, dedupe_window, cancel_earlier, agent_id, is_done, key_width, revision)
),
slot_in AS MATERIALIZED (
  SELECT j.*, row_number() OVER (PARTITION BY j.place ORDER BY j.slot, j.id) - 1 AS nth,
    count(*) OVER (PARTITION BY j.place) AS numbers
  FROM unnest($20::integer[], $21::bigint[], $22::text[], $23::timestamptz[], $24::timestamptz[], $25::integer[],
      $26::text[], $27::timestamptz[], $28::timestamptz[], $29::text[], $35::bigint[], $36::text[], $37::integer[])
    AS j(place, id, state, slot, slot_until, folded, reason, run_at, expires_at, correlation_id, cue_id, cause, depth)
),
owned AS MATERIALIZED (
  SELECT o.shard, o.epoch FROM carillon.shard_owner o
  WHERE o.owner = $1 AND o.shard = ANY ($5::smallint[])
  ORDER BY o.shard
  FOR KEY SHARE
),
swapped AS (
  UPDATE carillon.schedule_state s
  SET last_slot = i.new_slot, next_fire_at = i.new_next, fired_count = s.fired_count + i.fired,
      next_number = s.next_number + coalesce((SELECT max(numbers) FROM slot_in j WHERE j.place = i.place), 0)
  FROM task_in i
  JOIN carillon.task t ON t.tenant_id = i.tenant_id AND t.task_id = i.task_id
  JOIN owned o ON o.shard = i.shard AND o.epoch = i.epoch
  WHERE s.tenant_id = i.tenant_id AND s.task_id = i.task_id AND s.last_slot = i.old_slot
    AND s.next_fire_at IS NOT DISTINCT FROM i.old_next
    AND s.task_version = i.version AND s.revision = i.revision AND t.state = i.task_state AND t.deleted_at IS NULL
  RETURNING i.*, s.next_number AS number_after
),
answered AS (
  DELETE FROM carillon.cue c USING swapped w, unnest($38::integer[], $39::bigint[]) AS a(place, cue_id)
  WHERE a.place = w.place AND c.cue_id = a.cue_id AND c.tenant_id = w.tenant_id AND c.task_id = w.task_id
    AND c.due_at <= $30::timestamptz
  RETURNING c.cue_id, c.event_id
),
slot AS MATERIALIZED (
  SELECT j.*, w.tenant_id, w.task_id, w.shard, w.version, w.priority, w.concurrency_key, w.key_width, w.dedupe_key, w.dedupe_window,
    w.agent_id, w.number_after - j.numbers + j.nth AS number
  FROM slot_in j JOIN swapped w ON w.place = j.place
  WHERE j.cue_id IS NULL OR j.cue_id IN (SELECT cue_id FROM answered)
),
reserved AS (
  INSERT INTO carillon.run_slot (tenant_id, task_id, slot, run_id)
  SELECT tenant_id, task_id, slot, id FROM slot WHERE slot_until IS NULL
  ON CONFLICT (tenant_id, task_id, slot) DO NOTHING
  RETURNING run_id
),
deduped AS (
  INSERT INTO carillon.dedupe AS d (tenant_id, dedupe_key, started_at, run_id)
  SELECT DISTINCT ON (tenant_id, dedupe_key) tenant_id, dedupe_key, $30::timestamptz, id FROM slot
  WHERE state = $31 AND dedupe_key IS NOT NULL AND id IN (SELECT run_id FROM reserved)
  ORDER BY tenant_id, dedupe_key, slot, id
  ON CONFLICT (tenant_id, dedupe_key) DO UPDATE SET started_at = excluded.started_at, run_id = excluded.run_id
  WHERE d.started_at <= excluded.started_at
        - (SELECT s.dedupe_window FROM slot s WHERE s.id = excluded.run_id)
  RETURNING run_id
),
decided AS MATERIALIZED (
  SELECT s.*, CASE WHEN s.state = $31 AND s.dedupe_key IS NOT NULL AND s.id NOT IN (SELECT run_id FROM deduped)
                   THEN $32 ELSE s.state END AS outcome
  FROM slot s
  WHERE s.slot_until IS NOT NULL OR s.id IN (SELECT run_id FROM reserved)
),
carried AS MATERIALIZED (
  SELECT c.*, CASE WHEN octet_length(c.payload) > $41::integer THEN ''::bytea ELSE c.payload END AS in_row
  FROM (SELECT d.id, d.tenant_id, carillon.payload_of_event(e) AS payload FROM decided d
        JOIN answered a ON a.cue_id = d.cue_id
        JOIN carillon.event e ON e.tenant_id = d.tenant_id AND e.event_id = a.event_id) c
),
carried_apart AS (
  INSERT INTO carillon.run_input (run_id, tenant_id, input)
  SELECT id, tenant_id, payload FROM carried WHERE in_row = ''
),
ready AS (
  INSERT INTO carillon.run_ready (shard, priority, run_at, id, tenant_id, task_id, task_version, number, retry, attempt,
    takeovers, slot, origin, agent_id, correlation_id, concurrency_key, key_width, expires_at, folded, reason, payload)
  SELECT shard, priority, run_at, id, tenant_id, task_id, version, number, 1, 1, 0, slot, 'schedule', agent_id,
    correlation_id, concurrency_key, key_width, expires_at, folded, nullif(reason, ''),
    (SELECT in_row FROM carried WHERE carried.id = decided.id)
  FROM decided WHERE outcome = $31
),
caused AS (
  INSERT INTO carillon.run_cause (run_id, tenant_id, cause, depth)
  SELECT id, tenant_id, cause, depth FROM decided WHERE outcome = $31 AND cause <> ''
),
unstarted AS (
  INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, slot,
    slot_until, folded, run_at, finished_at, origin, agent_id, correlation_id, outcome, reason, payload)
  SELECT id, tenant_id, task_id, version, number, 1, 0, 0, slot, slot_until, folded, run_at, $30::timestamptz,
    'schedule', agent_id, correlation_id, outcome,
    CASE WHEN state = $31 THEN 'duplicate: a run with the same dedupe key started less than its window before' ELSE reason END,
    (SELECT in_row FROM carried WHERE carried.id = decided.id)
  FROM decided WHERE outcome <> $31
),
stopped AS (
  UPDATE carillon.run_live l
  SET cancel_requested_at = coalesce(l.cancel_requested_at, $30::timestamptz),
      cancel_reason = coalesce(l.cancel_reason, 'overlap: the next slot has come'),
      wake_at = CASE WHEN l.state = 'waiting' THEN '-infinity' ELSE l.wake_at END,
      paused_by = NULL, pause_reason = NULL, paused_until = NULL
  FROM swapped w
  WHERE w.cancel_earlier AND l.tenant_id = w.tenant_id AND l.task_id = w.task_id
  RETURNING l.id
),
dropped AS (
  DELETE FROM carillon.run_ready r USING swapped w
  WHERE w.cancel_earlier AND r.shard = w.shard AND r.tenant_id = w.tenant_id AND r.task_id = w.task_id AND NOT r.undoes
  RETURNING r.*
),
dropped_history AS (
  INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, slot, folded,
    run_at, finished_at, origin, agent_id, correlation_id, outcome, error_class, reason, payload)
  SELECT id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, slot, folded, run_at,
    $30::timestamptz, origin, agent_id, correlation_id, $33, 'cancelled', 'overlap: the next slot has come', payload
  FROM dropped
),
ended AS (
  UPDATE carillon.task t
  SET state = 'done', updated_at = $30::timestamptz, pause_reason = NULL, paused_by = NULL, paused_until = NULL
  FROM swapped w
  WHERE w.is_done AND t.tenant_id = w.tenant_id AND t.task_id = w.task_id
  RETURNING t.tenant_id, t.task_id, t.agent_id
),
told AS (
  INSERT INTO carillon.outbox (event_type, aggregate, tenant_id, agent_id, correlation_id, causation_id, source, "timestamp",
    data)
  SELECT 'task.run.' || e.outcome, CASE WHEN count(*) = 1 THEN 'run:' || min(e.id) ELSE 'runs' END, e.tenant_id,
    e.agent_id, CASE WHEN count(*) = 1 THEN min(e.correlation_id) ELSE '' END, nullif(e.cause, ''), 'scheduler', $30::timestamptz,
    convert_to(json_build_object('runs', json_agg(json_build_object('run', e.id::text, 'task', e.task_id::text,
      'number', e.number, 'retry', e.retry, 'slot', e.slot, 'reason', e.reason)))::text, 'UTF8')
  FROM (SELECT outcome, id, tenant_id, agent_id, correlation_id, task_id, number, 1 AS retry, slot, reason, cause FROM decided
        UNION ALL
        SELECT $33, id, tenant_id, agent_id, correlation_id, task_id, number, retry, slot, 'overlap', '' FROM dropped) e
  GROUP BY e.outcome, e.tenant_id, e.agent_id, e.cause
  UNION ALL
  SELECT 'task.done', 'task:' || e.task_id, e.tenant_id, e.agent_id, '', NULL, 'scheduler', $30::timestamptz,
    convert_to(json_build_object('task', e.task_id::text)::text, 'UTF8')
  FROM ended e
)
SELECT id, shard, priority, run_at, outcome, false FROM decided
UNION ALL
SELECT id, 0::smallint, 0::smallint, $30::timestamptz, $31, true FROM stopped;

-- Deletes up to $3 runs that ended too long ago, with all that belongs to them, where no whole partition can go: tasks that keep less than the default $2, and, when $4 says that some task keeps more, what the others left in its partitions. $1 is now. Locks the rows it deletes.
WITH impatient AS MATERIALIZED (
  SELECT h.id FROM carillon.task AS t
  JOIN carillon.run_history AS h ON h.tenant_id = t.tenant_id AND h.task_id = t.task_id
  WHERE t.keep_records < $2::interval
    AND h.id < carillon.first_run_id($1::timestamptz - t.keep_records)
    AND h.finished_at < $1::timestamptz - t.keep_records
  LIMIT $3::bigint
),
left_over AS MATERIALIZED (
  SELECT h.id FROM carillon.run_history AS h
  LEFT JOIN carillon.task AS t ON t.tenant_id = h.tenant_id AND t.task_id = h.task_id
  WHERE $4::boolean
    AND h.id < carillon.first_run_id($1::timestamptz - $2::interval)
    AND h.finished_at < $1::timestamptz - coalesce(t.keep_records, $2::interval)
  LIMIT $3::bigint
),
gone AS (
  DELETE FROM carillon.run_history
  WHERE id IN (SELECT id FROM impatient UNION SELECT id FROM left_over)
  RETURNING id, tenant_id, task_id, slot
),
slots AS (
  DELETE FROM carillon.run_slot AS s USING gone
  WHERE s.tenant_id = gone.tenant_id AND s.task_id = gone.task_id AND s.slot = gone.slot AND s.run_id = gone.id
),
steps AS (DELETE FROM carillon.step_journal WHERE run_id IN (SELECT id FROM gone)),
effects AS (DELETE FROM carillon.effect_journal WHERE run_id IN (SELECT id FROM gone)),
inputs AS (DELETE FROM carillon.run_input WHERE run_id IN (SELECT id FROM gone)),
outputs AS (DELETE FROM carillon.run_output WHERE run_id IN (SELECT id FROM gone))
SELECT count(*) AS pruned FROM gone;

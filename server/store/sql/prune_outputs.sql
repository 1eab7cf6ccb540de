-- Deletes up to $3 large outputs of runs that ended too long ago, where no whole partition can go: as prune_records, with keep_outputs. $1 is now, $2 the default, $4 whether some task keeps more. Locks the rows it deletes.
WITH impatient AS MATERIALIZED (
  SELECT o.run_id FROM carillon.task AS t
  JOIN carillon.run_history AS h ON h.tenant_id = t.tenant_id AND h.task_id = t.task_id
  JOIN carillon.run_output AS o ON o.run_id = h.id
  WHERE t.keep_outputs < $2::interval
    AND h.id < carillon.first_run_id($1::timestamptz - t.keep_outputs)
    AND h.finished_at < $1::timestamptz - t.keep_outputs
  LIMIT $3::bigint
),
left_over AS MATERIALIZED (
  SELECT o.run_id FROM carillon.run_output AS o
  JOIN carillon.run_history AS h ON h.id = o.run_id
  LEFT JOIN carillon.task AS t ON t.tenant_id = h.tenant_id AND t.task_id = h.task_id
  WHERE $4::boolean
    AND o.run_id < carillon.first_run_id($1::timestamptz - $2::interval)
    AND h.finished_at < $1::timestamptz - coalesce(t.keep_outputs, $2::interval)
  LIMIT $3::bigint
)
DELETE FROM carillon.run_output WHERE run_id IN (SELECT run_id FROM impatient UNION SELECT run_id FROM left_over);

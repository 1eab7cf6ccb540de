-- What became of a tenant's slots between $2 (exclusive) and $3, when that outage ended: up to $4 tasks, with how many there are. Of each: how many
-- slots ran, the latest of the starts and by how much it was late; how many were missed; how many wait or run, and for what. Locks nothing.
WITH slots AS (
  SELECT h.task_id, CASE WHEN h.outcome IN ('missed', 'skipped') THEN h.outcome ELSE 'ran' END AS became,
    h.folded + 1 AS n, h.started_at, h.started_at - h.slot AS late, NULL::text AS reason
  FROM carillon.run_history h
  WHERE h.tenant_id = $1 AND h.finished_at >= $3::timestamptz AND h.origin = 'schedule'
    AND h.slot > $2::timestamptz AND h.slot <= $3::timestamptz
  UNION ALL
  SELECT r.task_id, 'waits', r.folded + 1, NULL::timestamptz, NULL::interval, r.reason FROM carillon.run_ready r
  WHERE r.tenant_id = $1 AND r.origin = 'schedule' AND r.slot > $2::timestamptz AND r.slot <= $3::timestamptz
  UNION ALL
  SELECT l.task_id, 'ran', l.folded + 1, l.started_at, l.started_at - l.slot, NULL FROM carillon.run_live l
  WHERE l.tenant_id = $1 AND l.origin = 'schedule' AND l.slot > $2::timestamptz AND l.slot <= $3::timestamptz
)
SELECT t.name, t.zone, coalesce(sum(s.n) FILTER (WHERE s.became = 'ran'), 0)::bigint AS ran,
  coalesce(sum(s.n) FILTER (WHERE s.became = 'missed'), 0)::bigint AS missed,
  coalesce(sum(s.n) FILTER (WHERE s.became = 'waits'), 0)::bigint AS waiting,
  max(s.started_at) AS started_at, (extract(epoch FROM max(s.late)) * 1000000)::bigint AS late_micros, max(s.reason) AS reason, count(*) OVER () AS total
FROM slots s JOIN carillon.task t ON t.tenant_id = $1 AND t.task_id = s.task_id
WHERE s.became <> 'skipped'
GROUP BY t.name, t.zone
ORDER BY t.name LIMIT $4;

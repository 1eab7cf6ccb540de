-- Plans who is told of the approval $3 that the run $2 asks at $5: the targets of its task, unless that tells nobody, and $4; and $6, if it is not
-- null, at $7, when nobody has decided by then. Each once; a session hears of none.
INSERT INTO carillon.delivery (tenant_id, run_id, target, kind, task_id, agent_id, due_at, created_at, about)
SELECT l.tenant_id, $3, w.target, carillon.kind_of_target(w.target), l.task_id, l.agent_id, min(w.due_at), min(w.due_at), 'approval'
FROM carillon.run_live l
CROSS JOIN LATERAL (
  SELECT unnest(t.notify) AS target, $5::timestamptz AS due_at FROM carillon.task t
  WHERE t.tenant_id = l.tenant_id AND t.task_id = l.task_id AND t.notify_on <> 'never'
  UNION ALL SELECT unnest($4::text[]), $5::timestamptz
  UNION ALL SELECT $6::text, $7::timestamptz
) w
WHERE l.tenant_id = $1 AND l.id = $2 AND w.target IS NOT NULL AND w.target <> 'session'
GROUP BY l.tenant_id, l.task_id, l.agent_id, w.target;

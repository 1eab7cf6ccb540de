-- What the steps of a run did, in the order in which they began. Locks nothing.
SELECT j.step_path, j.attempt, j.state, j.tool, j.started_at, j.finished_at, j.not_before, j.error_class, j.error_message, j.output,
       j.output_bytes, round(j.cost * 1000000)::bigint AS micro_dollars, w.waits_for,
       (SELECT h.retry FROM carillon.run_history h WHERE h.tenant_id = $1 AND h.id = j.reused_from) AS reused_from,
       c.child,
       coalesce((SELECT h.outcome FROM carillon.run_history h WHERE c.has_ended AND h.tenant_id = $1 AND h.id = c.run_id),
                (SELECT l.state FROM carillon.run_live l WHERE l.tenant_id = $1 AND l.id = c.run_id),
                CASE WHEN c.run_id IS NOT NULL AND NOT c.has_ended THEN 'queued' END) AS child_state
FROM carillon.step_journal j
LEFT JOIN carillon.step_wait w
  ON w.tenant_id = j.tenant_id AND w.run_id = j.run_id AND w.step_path = j.step_path AND w.attempt = j.attempt
LEFT JOIN carillon.run_child c
  ON c.tenant_id = j.tenant_id AND c.parent_id = coalesce(j.reused_from, j.run_id) AND c.step_path = j.step_path AND c.attempt = j.attempt
WHERE j.tenant_id = $1 AND j.run_id = $2 ORDER BY j.started_at, j.step_path, j.attempt LIMIT $3;

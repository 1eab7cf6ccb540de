-- Moves a live run in one of the states $3 and call state $4 to history as $5, whoever holds its lease: the late result is
-- refused because the row is gone. One that undoes what it did ends so only by force ($10). No row: it has ended, or it is in another state by now.
WITH gone AS (
  DELETE FROM carillon.run_live
  WHERE id = $1 AND tenant_id = $2 AND state = ANY ($3::text[]) AND call_state = $4 AND (NOT undoes OR $10)
  RETURNING *
),
steps AS (
  UPDATE carillon.step_journal j
  SET state = CASE j.state WHEN 'running' THEN 'unknown' ELSE 'cancelled' END, finished_at = $6, error_class = $7
  FROM gone g
  WHERE j.run_id BETWEEN g.id AND g.id AND j.state IN ('running', 'waiting')
)
INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, slot, folded,
                                  run_at, started_at, finished_at, late_by, origin, agent_id, correlation_id, outcome,
                                  error_class, error_message, reason, cost, payload, compensated)
SELECT id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, slot, folded,
       run_at, started_at, $6, started_at - run_at, origin, agent_id, correlation_id, $5, $7, $8, $9,
       (SELECT sum(e.cost) FROM carillon.effect_journal e WHERE e.run_id = gone.id), payload, CASE WHEN undoes THEN false END FROM gone
RETURNING id;

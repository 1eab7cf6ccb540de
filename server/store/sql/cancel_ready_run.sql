-- Moves a queued run to history as $6, one that undoes what it did only by force ($10). No row: it is not queued any more, a worker was faster.
WITH gone AS (
  DELETE FROM carillon.run_ready
  WHERE shard = $1 AND priority = $2 AND run_at = $3 AND id = $4 AND tenant_id = $5 AND (NOT undoes OR $10)
  RETURNING *
)
INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, slot, folded,
                                  run_at, finished_at, origin, agent_id, correlation_id, outcome, error_class, reason, cost, payload, compensated)
SELECT id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, slot, folded,
       run_at, $7, origin, agent_id, correlation_id, $6, $8, $9,
       (SELECT sum(e.cost) FROM carillon.effect_journal e WHERE e.run_id = gone.id), payload, CASE WHEN undoes THEN false END FROM gone
RETURNING id;

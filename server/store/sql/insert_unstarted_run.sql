-- A run that was born final: skipped or missed.
INSERT INTO carillon.run_history (id, tenant_id, task_id, task_version, number, retry, attempt, takeovers, slot, slot_until,
                                  folded, run_at, finished_at, origin, agent_id, correlation_id, outcome, reason)
VALUES ($1, $2, $3, $4, $5, 1, 0, 0, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

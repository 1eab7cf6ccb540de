-- A run that a command starts. It is found by the claim from the commit on.
INSERT INTO carillon.run_ready (shard, priority, run_at, id, tenant_id, task_id, task_version, number, retry, attempt,
                                takeovers, slot, origin, agent_id, correlation_id, concurrency_key, key_width, expires_at,
                                folded, reason, payload)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, 0, $10, $11, $12, $13, $14, $15, $16, 0, $17, $18);

-- The work that the run $2 waits for. Locks nothing.
SELECT w.step_path, w.attempt, w.agent, w.prompt, w.data, w.expect, w.expires_at, w.asked_at, w.claimed_by, w.claimed_until
FROM carillon.work_item w
WHERE w.tenant_id = $1 AND w.run_id = $2 AND w.outcome IS NULL
ORDER BY w.step_path, w.attempt;

-- The agent $2 has been told at $3 which of its tasks were moved.
UPDATE carillon.retimed r SET told_at = $3
FROM carillon.task t
WHERE r.tenant_id = $1 AND r.told_at IS NULL AND t.tenant_id = r.tenant_id AND t.task_id = r.task_id AND t.agent_id = $2;

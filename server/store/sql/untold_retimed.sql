-- The living tasks of agent $2 whose next slot was moved and who has not been told, soonest first. Locks nothing.
SELECT t.name, t.zone, r.was, r.next, r.reason
FROM carillon.retimed r JOIN carillon.task t USING (tenant_id, task_id)
WHERE r.tenant_id = $1 AND r.told_at IS NULL AND t.agent_id = $2 AND t.deleted_at IS NULL
ORDER BY r.next, t.name;

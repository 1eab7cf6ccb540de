-- When an agent last asked for the status and what it could see then (nothing before its first question), and what can be seen now. Locks nothing.
SELECT b.asked_at, b.seen, pg_current_snapshot() AS seen_now
FROM (VALUES (1)) AS one LEFT JOIN carillon.last_asked b ON b.tenant_id = $1 AND b.agent_id = $2;

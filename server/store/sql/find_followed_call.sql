-- A call that agent $2 follows by the id $3; nobody else's. Locks nothing.
SELECT call_id, tool, run_id, shape, answer, (extract(epoch FROM keep_for) * 1000000)::bigint AS keep_micros, created_at, cancelled_at
FROM carillon.followed_call
WHERE tenant_id = $1 AND agent_id = $2 AND call_id = $3;

-- Up to $5 calls that agent $2 follows, the newest first, behind the one of id $4 that was made at $3. Locks nothing.
SELECT call_id, tool, run_id, shape, answer, (extract(epoch FROM keep_for) * 1000000)::bigint AS keep_micros, created_at, cancelled_at
FROM carillon.followed_call
WHERE tenant_id = $1 AND agent_id = $2
  AND ($3::timestamptz IS NULL OR (created_at, call_id) < ($3::timestamptz, $4::text))
ORDER BY created_at DESC, call_id DESC
LIMIT $5::bigint;

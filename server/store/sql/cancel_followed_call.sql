-- Notes that agent $2 takes its call $3 back, at $4; the run is not touched. No row where it was taken back before.
UPDATE carillon.followed_call SET cancelled_at = $4
WHERE tenant_id = $1 AND agent_id = $2 AND call_id = $3 AND cancelled_at IS NULL
RETURNING call_id;

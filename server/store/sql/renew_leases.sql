-- Renews the leases that $1 still holds by ($2 id, $3 epoch, $4 attempt), for $5; tells who asked for a cancel, which are to be undone, and which are paused. Asynchronous commit: losing it
-- only ends a lease early.
-- BETWEEN: see settle_runs.
WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)),
input AS (
  SELECT i.* FROM quick, unnest($2::bigint[], $3::bigint[], $4::integer[]) AS i(id, epoch, attempt) ORDER BY i.id
)
UPDATE carillon.run_live l
SET lease_until = clock_timestamp() + $5::interval, heartbeat_at = clock_timestamp()
FROM input i
WHERE l.id BETWEEN i.id AND i.id AND l.epoch = i.epoch AND l.attempt = i.attempt AND l.owner = $1 AND l.state = 'running'
RETURNING l.id, CASE WHEN l.cancel_requested_at IS NOT NULL THEN coalesce(l.cancel_reason, '') END, l.undoes,
  l.paused_by IS NOT NULL AND coalesce(l.paused_until > clock_timestamp(), true);

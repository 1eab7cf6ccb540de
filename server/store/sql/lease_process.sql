-- Leases the process slot that was free the longest to instance $1; gives no row when somebody was faster. Locks one row of process.
WITH candidate AS (
  SELECT s.slot
  FROM generate_series(0, 1023) AS s(slot)
  LEFT JOIN carillon.process p ON p.slot = s.slot
  WHERE p.slot IS NULL OR p.expires_at < clock_timestamp()
  ORDER BY p.expires_at NULLS FIRST, s.slot
  LIMIT 1
)
INSERT INTO carillon.process AS taken (slot, instance, kind, host, pid, version, started_at, heartbeat_at, expires_at)
SELECT slot, $1, $2, $3, $4::integer, $5, clock_timestamp(), clock_timestamp(), clock_timestamp() + $6::interval FROM candidate
ON CONFLICT (slot) DO UPDATE
SET instance = excluded.instance, kind = excluded.kind, host = excluded.host, pid = excluded.pid,
    version = excluded.version, started_at = excluded.started_at, heartbeat_at = excluded.heartbeat_at,
    expires_at = excluded.expires_at
WHERE taken.expires_at < clock_timestamp()
RETURNING slot;

-- The breaker of server $1 is in state $3, if its revision still is $2 (0: it has no row); an open one is tried after $4. Locks the row.
INSERT INTO carillon.server_breaker AS b (server, revision, state, since, tried_at, requests, failures, changed_by)
VALUES ($1, $2::bigint + 1, $3::text, now(), CASE WHEN $3::text = 'open' THEN now() + $4::interval END, $5, $6, $7)
ON CONFLICT (server) DO UPDATE
SET revision = excluded.revision, state = excluded.state, since = excluded.since, tried_at = excluded.tried_at,
  requests = excluded.requests, failures = excluded.failures, changed_by = excluded.changed_by
WHERE b.revision = $2::bigint
RETURNING revision;

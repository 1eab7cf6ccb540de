-- The breakers of all servers that were ever changed. Locks nothing.
SELECT server, revision, state, requests, failures,
  coalesce((extract(epoch FROM greatest(tried_at - now(), interval '0')) * 1000000)::bigint, 0) AS left_micros
FROM carillon.server_breaker ORDER BY server;

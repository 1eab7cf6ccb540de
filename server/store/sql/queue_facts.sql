-- A tenant's queue at $2, and the shards that nobody owns. Locks nothing.
SELECT count(*) FILTER (WHERE run_at <= $2) AS due, count(*) FILTER (WHERE run_at > $2) AS later,
       min(run_at) FILTER (WHERE run_at <= $2) AS oldest_due,
       (SELECT count(*) FROM carillon.shard_owner WHERE owner IS NULL OR expires_at < clock_timestamp()) AS without_owner
FROM carillon.run_ready WHERE tenant_id = $1;

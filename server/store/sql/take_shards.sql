-- Takes at most $2 shards that nobody owns for $1, for $3, and raises their epoch. Locks those rows; waits for claims that hold their key.
WITH free AS MATERIALIZED (
  SELECT shard FROM carillon.shard_owner
  WHERE owner IS NULL OR expires_at < clock_timestamp()
  ORDER BY shard
  LIMIT $2::integer
  FOR UPDATE SKIP LOCKED
)
UPDATE carillon.shard_owner o SET owner = $1, epoch = o.epoch + 1, expires_at = clock_timestamp() + $3::interval
FROM free
WHERE o.shard = free.shard AND (o.owner IS NULL OR o.expires_at < clock_timestamp())
RETURNING o.shard, o.epoch;

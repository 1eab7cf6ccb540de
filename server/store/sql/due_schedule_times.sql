-- The first 64 times until $2 at which schedules of the shards $1 become due. Locks nothing.
SELECT DISTINCT next_fire_at FROM carillon.schedule_state
WHERE shard = ANY ($1::smallint[]) AND next_fire_at <= $2::timestamptz
ORDER BY next_fire_at
LIMIT 64;

-- The first 64 times until $2 at which schedules of the shards $1 become due, or cues of whatever shard. Locks nothing.
SELECT at FROM (
  SELECT next_fire_at AS at FROM carillon.schedule_state
  WHERE shard = ANY ($1::smallint[]) AND next_fire_at <= $2::timestamptz
  UNION
  SELECT due_at FROM carillon.cue WHERE due_at <= $2::timestamptz
) due
ORDER BY at
LIMIT 64;

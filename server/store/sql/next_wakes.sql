-- When waiting runs of these shards go on by themselves until $2, the earliest first; paused ones when the pause ends. Locks nothing.
SELECT l.shard, l.priority, greatest(l.wake_at, l.paused_until) AS at FROM carillon.run_live l
WHERE l.state = 'waiting' AND l.shard = ANY ($1::smallint[]) AND l.wake_at <= $2::timestamptz
  AND (l.paused_by IS NULL OR l.undoes OR l.paused_until <= $2::timestamptz)
ORDER BY at LIMIT 500;

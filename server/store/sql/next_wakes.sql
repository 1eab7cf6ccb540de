-- When waiting runs of these shards go on by themselves until $2, the earliest first. Locks nothing.
SELECT l.shard, l.priority, l.wake_at FROM carillon.run_live l
WHERE l.state = 'waiting' AND l.shard = ANY ($1::smallint[]) AND l.wake_at <= $2::timestamptz
ORDER BY l.wake_at LIMIT 500;

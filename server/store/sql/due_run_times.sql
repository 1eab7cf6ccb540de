-- When runs become due until $4: the earliest 32 times of each queue ($1 shard, $2 priority), from its floor ($3) on. Locks nothing.
SELECT p.shard, p.priority, r.run_at
FROM unnest($1::smallint[], $2::smallint[], $3::timestamptz[]) AS p(shard, priority, floor)
CROSS JOIN LATERAL (
  SELECT q.run_at FROM carillon.run_ready q
  WHERE q.shard = p.shard AND q.priority = p.priority AND q.run_at >= p.floor AND q.run_at <= $4::timestamptz
  ORDER BY q.run_at
  LIMIT 32
) r;

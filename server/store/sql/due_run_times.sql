-- When runs become due until $4: the earliest 32 times of each queue ($1 shard, $2 priority), from its floor ($3 time, $5 id) on. Locks nothing.
SELECT p.shard, p.priority, r.run_at
FROM unnest($1::smallint[], $2::smallint[], $3::timestamptz[], $5::bigint[]) AS p(shard, priority, floor, floor_id)
CROSS JOIN LATERAL (
  SELECT q.run_at FROM carillon.run_ready q
  WHERE q.shard = p.shard AND q.priority = p.priority AND (q.run_at, q.id) >= (p.floor, p.floor_id)
    AND q.run_at <= $4::timestamptz
  ORDER BY q.run_at, q.id
  LIMIT 32
) r;

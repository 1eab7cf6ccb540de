-- The runs of the shards $1 whose reason ends with $2 wait no more: they begin at $3, the first $5 at once, each further one $6 later, none later
-- than $7; their reason ends with $4. Locks their rows.
WITH waiting AS MATERIALIZED (
  SELECT r.id, row_number() OVER (ORDER BY r.run_at, r.id) AS place FROM carillon.run_ready r
  WHERE r.shard = ANY ($1::smallint[]) AND r.reason LIKE '%' || $2 AND r.run_at > $3::timestamptz AND r.paused_by IS NULL
)
UPDATE carillon.run_ready r
SET run_at = $3::timestamptz + least($7::interval, greatest(0, w.place - $5::integer) * $6::interval),
    reason = left(r.reason, -length($2)) || $4
FROM waiting w WHERE r.id = w.id
RETURNING r.shard, r.priority, r.run_at;

-- The next slots of shard $2 are computed with tzdata $3 and machine zone $4 from $5 on; for its owner $1 alone.
INSERT INTO carillon.zone_mark (shard, tzdata, machine_zone, marked_at)
SELECT o.shard, $3, $4, $5 FROM carillon.shard_owner o WHERE o.owner = $1 AND o.shard = $2::smallint
ON CONFLICT (shard) DO UPDATE SET tzdata = excluded.tzdata, machine_zone = excluded.machine_zone, marked_at = excluded.marked_at;

-- The shards of $1 whose next slots were not computed with tzdata $2 and machine zone $3, and with what they were; nothing for those that
-- nobody has marked. Locks nothing.
SELECT o.shard, m.tzdata, m.machine_zone
FROM carillon.shard_owner o LEFT JOIN carillon.zone_mark m USING (shard)
WHERE o.owner = $1 AND o.expires_at > clock_timestamp()
  AND (m.shard IS NULL OR m.tzdata <> $2::text OR m.machine_zone <> $3::text)
ORDER BY o.shard;

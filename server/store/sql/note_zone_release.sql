-- Keeps the offsets $2 of tzdata $1, once; forgets those that no shard's slots were computed with.
WITH kept AS (
  INSERT INTO carillon.zone_release (tzdata, offsets, noted_at) VALUES ($1, $2, $3) ON CONFLICT (tzdata) DO NOTHING
)
DELETE FROM carillon.zone_release r
WHERE r.tzdata <> $1 AND NOT EXISTS (SELECT FROM carillon.zone_mark m WHERE m.tzdata = r.tzdata);

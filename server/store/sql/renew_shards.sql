-- Renews the shards ($2, $3: shard and epoch) that $1 still owns, for $4. Waits for no claim: claims lock the key only.
UPDATE carillon.shard_owner o SET expires_at = clock_timestamp() + $4::interval
FROM unnest($2::smallint[], $3::bigint[]) AS i(shard, epoch)
WHERE o.shard = i.shard AND o.epoch = i.epoch AND o.owner = $1
RETURNING o.shard, o.epoch;

-- Gives back the shards ($2, $3: shard and epoch) that $1 still owns.
UPDATE carillon.shard_owner o SET owner = NULL, expires_at = '-infinity'
FROM unnest($2::smallint[], $3::bigint[]) AS i(shard, epoch)
WHERE o.shard = i.shard AND o.epoch = i.epoch AND o.owner = $1;

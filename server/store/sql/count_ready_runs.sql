-- How many runs wait in the shards $1. Locks nothing.
SELECT count(*) FROM carillon.run_ready WHERE shard = ANY ($1::smallint[]);

-- Drops the partitions of $1 whose runs had all ended before $2. Locks the parent of those it drops, for a moment.
SELECT carillon.drop_partitions($1, $2::timestamptz) AS dropped;

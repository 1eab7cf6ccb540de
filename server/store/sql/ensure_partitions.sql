-- Makes the partitions of the run tables for $2 weeks from $1 on. Locks the parents of those it makes, for a moment.
SELECT carillon.ensure_partitions($1::timestamptz, $2::integer) AS made;

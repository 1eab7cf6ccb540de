-- How much dead weight the tables of the hot path carry, and what fell into default partitions, as the statistics know it. Locks nothing.
SELECT relname AS table_name, n_live_tup AS live_rows, n_dead_tup AS dead_rows, relname LIKE '%\_default' AS is_default
FROM pg_catalog.pg_stat_all_tables
WHERE schemaname = 'carillon'
  AND (relname IN ('run_ready', 'run_live', 'schedule_state', 'shard_owner') OR relname LIKE '%\_default')
ORDER BY relname;

-- How much dead weight the tables of the hot path carry, as the statistics know it. Locks nothing.
SELECT relname AS table_name, n_live_tup AS live_rows, n_dead_tup AS dead_rows
FROM pg_catalog.pg_stat_all_tables
WHERE schemaname = 'carillon' AND relname IN ('run_ready', 'run_live', 'schedule_state', 'shard_owner')
ORDER BY relname;

-- What doctor and health look at: version, time, and what holds vacuum back. Needs pg_read_all_stats to see others' snapshots. Locks nothing.
SELECT current_setting('server_version') AS version,
       clock_timestamp() AS now,
       coalesce((SELECT (extract(epoch FROM max(clock_timestamp() - xact_start)) * 1000000)::bigint
                 FROM pg_catalog.pg_stat_activity
                 WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()), 0) AS oldest_snapshot_micros,
       coalesce((SELECT (extract(epoch FROM max(clock_timestamp() - prepared)) * 1000000)::bigint
                 FROM pg_catalog.pg_prepared_xacts), 0) AS oldest_prepared_micros,
       coalesce((SELECT max(age(xmin)) FROM pg_catalog.pg_replication_slots), 0)::bigint AS slot_xmin_age,
       pg_notification_queue_usage() AS notify_queue_usage,
       pg_database_size(current_database()) AS size_bytes;

-- The database's time. Locks nothing.
SELECT clock_timestamp();

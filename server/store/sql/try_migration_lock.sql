-- One migrator at a time in this database; held to the end of the transaction. The number is "carillon" as bytes. Never waits.
SELECT pg_try_advisory_xact_lock(7165054437962706798) AS held;

-- A key that all daemons of this database share. Locks nothing.
SELECT key FROM carillon.sealing_key WHERE name = $1;

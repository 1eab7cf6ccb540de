-- Whether this database has ever been migrated. Locks nothing.
SELECT to_regclass('public.carillon_migration') IS NOT NULL AS exists;

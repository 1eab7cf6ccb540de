-- The migrations that were applied, oldest first. Locks nothing.
SELECT version, name, sha256, applied_at FROM public.carillon_migration ORDER BY version;

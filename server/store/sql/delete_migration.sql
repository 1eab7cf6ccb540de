-- Forgets a migration, in the transaction that took it back.
DELETE FROM public.carillon_migration WHERE version = $1::integer;

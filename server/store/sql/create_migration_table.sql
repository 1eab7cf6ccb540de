-- The record of migrations. It lives in public because it must be there before the first migration makes our schemas, and outlive the last down script. Everybody may read it (health does). Run under the migration lock.
DO $$
BEGIN
  CREATE TABLE IF NOT EXISTS public.carillon_migration (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
  );
  GRANT SELECT ON public.carillon_migration TO PUBLIC;
END $$;

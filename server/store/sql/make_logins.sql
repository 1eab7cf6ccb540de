-- Makes the roles carillon_app and carillon_dispatch able to log in, with the passwords from set_login_passwords, and fixes their search path here. Run by the owner before migrating; safe to repeat. Waits for another process doing the same.
DO $$
DECLARE
  login text;
BEGIN
  PERFORM pg_advisory_xact_lock(7165054437962706798);
  FOREACH login IN ARRAY ARRAY['app', 'dispatch'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_' || login) THEN
      EXECUTE format('CREATE ROLE %I', 'carillon_' || login);
    END IF;
    EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', 'carillon_' || login,
                   current_setting('carillon.' || login || '_password'));
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = pg_catalog', 'carillon_' || login, current_database());
  END LOOP;
  -- For health: without it a login sees only its own sessions' snapshots.
  GRANT pg_read_all_stats TO carillon_dispatch;
END $$;

-- Circuit breakers of downstream servers, shared by all processes (docs/adr/0037-circuit-breakers.md).
CREATE TABLE carillon.server_breaker (
  server     text PRIMARY KEY CHECK (server <> ''),
  revision   bigint NOT NULL CHECK (revision > 0),  -- counts the changes
  state      text NOT NULL CHECK (state IN ('closed', 'half_open', 'open')),
  since      timestamptz NOT NULL,
  tried_at   timestamptz,
  requests   integer NOT NULL,  -- the latest calls when it last opened, and how many of them failed
  failures   integer NOT NULL,
  changed_by text NOT NULL,     -- the process
  CHECK ((state = 'open') = (tried_at IS NOT NULL)),
  CHECK (0 <= failures AND failures <= requests)
);

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.server_breaker TO carillon_dispatch;
  END IF;
END $$;

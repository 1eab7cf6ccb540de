-- Steps that wait to be told something. Gone when it was told, or when nobody waits any more; rows of runs that have ended are swept.
CREATE TABLE carillon.step_wait (
  tenant_id     text NOT NULL,
  run_id        bigint NOT NULL,
  step_path     text NOT NULL,
  attempt       integer NOT NULL,
  waits_for     text NOT NULL,             -- for people
  event_pattern text,                      -- an event of such a type ends it; null: something else does
  condition     text NOT NULL DEFAULT '',  -- JMESPath; empty: any
  roots         bytea NOT NULL,            -- JSON: what the condition may name beside the event
  PRIMARY KEY (tenant_id, run_id, step_path)
);
CREATE INDEX step_wait_pattern ON carillon.step_wait (tenant_id, event_pattern);

-- Somebody has told a step of the run something since it was taken up: it may not rest before it has heard that.
ALTER TABLE carillon.run_live ADD COLUMN told boolean NOT NULL DEFAULT false;

DO $$
DECLARE
  role_name text;
BEGIN
  ALTER TABLE carillon.step_wait ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    CREATE POLICY one_tenant ON carillon.step_wait TO carillon_app
      USING (tenant_id = current_setting('carillon.tenant', true));
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    CREATE POLICY all_tenants ON carillon.step_wait TO carillon_dispatch USING (true);
  END IF;
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.step_wait TO %I', role_name);
    END IF;
  END LOOP;
END $$;

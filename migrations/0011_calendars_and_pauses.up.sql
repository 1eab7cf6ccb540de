-- Named calendars: days that schedules leave out, or to which they keep. Tasks carry the names of those they use; the
-- days themselves are copied into their definitions (docs/adr/0024-calendars-are-copied-into-definitions.md).
-- And what becomes of the slots of a pause when it ends (null is drop), and since when it has lasted: what was skipped
-- from then on may run after all.

CREATE TABLE carillon.calendar (
  tenant_id   text NOT NULL REFERENCES auth.tenant,
  name        text NOT NULL CHECK (name <> '' AND length(name) <= 200),
  description text NOT NULL DEFAULT '',
  days        date[] NOT NULL,
  updated_at  timestamptz NOT NULL,
  updated_by  text NOT NULL,
  PRIMARY KEY (tenant_id, name)
);

ALTER TABLE carillon.task
  ADD COLUMN calendars       text[] NOT NULL DEFAULT '{}',
  ADD COLUMN pause_meanwhile text CHECK (pause_meanwhile IN ('drop', 'once', 'all')),
  ADD COLUMN paused_at       timestamptz;
CREATE INDEX task_calendars ON carillon.task USING gin (calendars) WHERE calendars <> '{}';

-- The second wall, as in 0001.
DO $$
DECLARE
  role_name text;
BEGIN
  ALTER TABLE carillon.calendar ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    CREATE POLICY one_tenant ON carillon.calendar TO carillon_app
      USING (tenant_id = current_setting('carillon.tenant', true));
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    CREATE POLICY all_tenants ON carillon.calendar TO carillon_dispatch USING (true);
  END IF;
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.calendar TO %I', role_name);
    END IF;
  END LOOP;
END $$;

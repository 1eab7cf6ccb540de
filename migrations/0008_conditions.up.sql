-- Conditions: where the looks of a task at a tool's result stand. Many looks are one row: what is kept is what the last
-- one left for the next, never the result.

CREATE TABLE carillon.condition (
  tenant_id    text NOT NULL,
  task_id      bigint NOT NULL,
  place        smallint NOT NULL,          -- of the trigger in the task's schedule
  next_look_at timestamptz NOT NULL,
  leased_until timestamptz,                -- somebody is looking
  memory       text NOT NULL DEFAULT '',   -- true, false or a digest
  looks        bigint NOT NULL DEFAULT 0,  -- begun in all; the last one's is what its end is known by
  looked_at    timestamptz,
  failures     integer NOT NULL DEFAULT 0, -- in a row
  last_error   text,
  PRIMARY KEY (tenant_id, task_id, place),
  FOREIGN KEY (tenant_id, task_id) REFERENCES carillon.task ON DELETE CASCADE
) WITH (fillfactor = 60);
CREATE INDEX condition_due ON carillon.condition (next_look_at);

-- The second wall, as in 0001.
DO $$
DECLARE
  role_name text;
BEGIN
  ALTER TABLE carillon.condition ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    CREATE POLICY one_tenant ON carillon.condition TO carillon_app
      USING (tenant_id = current_setting('carillon.tenant', true));
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    CREATE POLICY all_tenants ON carillon.condition TO carillon_dispatch USING (true);
  END IF;
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.condition TO %I', role_name);
    END IF;
  END LOOP;
END $$;

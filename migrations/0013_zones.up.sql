-- What the next slots of tasks were computed with, so that another version of tzdata and another zone of the machine are
-- noticed, also over a restart; and which tasks were moved by it.

-- A version of tzdata that slots were computed with: the offsets of its zones, as JSON bytes. When the version has gone
-- from the machine this still says what a slot of the past was on the wall clock.
CREATE TABLE carillon.zone_release (
  tzdata   text PRIMARY KEY,
  offsets  bytea NOT NULL,
  noted_at timestamptz NOT NULL
);

-- What the next slots of a shard's tasks were computed with.
CREATE TABLE carillon.zone_mark (
  shard        smallint PRIMARY KEY,
  tzdata       text NOT NULL,
  machine_zone text NOT NULL,
  marked_at    timestamptz NOT NULL
);

-- The last time that a task's next slot was moved by such a change, until its owner has been told and for good after.
CREATE TABLE carillon.retimed (
  tenant_id text NOT NULL,
  task_id   bigint NOT NULL,
  was       timestamptz NOT NULL,
  next      timestamptz NOT NULL,
  reason    text NOT NULL,
  at        timestamptz NOT NULL,
  told_at   timestamptz,
  PRIMARY KEY (tenant_id, task_id),
  FOREIGN KEY (tenant_id, task_id) REFERENCES carillon.task ON DELETE CASCADE
);
CREATE INDEX retimed_untold ON carillon.retimed (tenant_id) WHERE told_at IS NULL;

-- The second wall, as in 0001.
DO $$
DECLARE
  role_name text;
BEGIN
  ALTER TABLE carillon.retimed ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    CREATE POLICY one_tenant ON carillon.retimed TO carillon_app
      USING (tenant_id = current_setting('carillon.tenant', true));
  END IF;
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.retimed TO %I', role_name);
    END IF;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    CREATE POLICY all_tenants ON carillon.retimed TO carillon_dispatch USING (true);
    GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.zone_release, carillon.zone_mark TO carillon_dispatch;
  END IF;
END $$;

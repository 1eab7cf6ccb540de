-- What steps ask agents to do. A row before anybody is asked; what was asked, and of whom, is never changed. A claim is a lease.
CREATE TABLE carillon.work_item (
  tenant_id     text NOT NULL,
  run_id        bigint NOT NULL,
  step_path     text NOT NULL,
  attempt       integer NOT NULL,
  agent         text NOT NULL,        -- whose it is; empty: whoever takes it
  prompt        text NOT NULL,
  data          bytea NOT NULL,       -- JSON: what belongs to the prompt and is no instruction
  expect        text NOT NULL,        -- JMESPath that a good answer satisfies; empty: any
  expires_at    timestamptz NOT NULL, -- infinity: never
  asked_at      timestamptz NOT NULL,
  claimed_by    text,
  claimed_until timestamptz,
  outcome       text CHECK (outcome IN ('answered', 'expired', 'withdrawn')),
  ended_at      timestamptz,
  answered_by   text,
  PRIMARY KEY (tenant_id, run_id, step_path, attempt),
  CHECK ((claimed_by IS NULL) = (claimed_until IS NULL)),
  CHECK ((outcome IS NULL) = (ended_at IS NULL)),
  CHECK ((outcome IS NOT DISTINCT FROM 'answered') = (answered_by IS NOT NULL))
);
-- For whom something waits is asked often, and most of these rows have ended.
CREATE INDEX work_item_open ON carillon.work_item (tenant_id, agent, run_id) WHERE outcome IS NULL;
CREATE INDEX approval_open ON carillon.approval (tenant_id, run_id) WHERE outcome IS NULL;

DO $$
DECLARE
  role_name text;
BEGIN
  ALTER TABLE carillon.work_item ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    CREATE POLICY one_tenant ON carillon.work_item TO carillon_app
      USING (tenant_id = current_setting('carillon.tenant', true));
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    CREATE POLICY all_tenants ON carillon.work_item TO carillon_dispatch USING (true);
  END IF;
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.work_item TO %I', role_name);
    END IF;
  END LOOP;
END $$;

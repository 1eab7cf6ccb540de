-- Approvals are rows before anybody is asked. What was asked, and of whom, is never changed; it ends once.
CREATE TABLE carillon.approval (
  tenant_id  text NOT NULL,
  run_id     bigint NOT NULL,
  step_path  text NOT NULL,
  attempt    integer NOT NULL,
  message    text NOT NULL,
  arguments  bytea NOT NULL,       -- JSON: what exactly is approved
  digest     text NOT NULL,        -- SHA-256 of those bytes, in hexadecimal digits
  deciders   text[] NOT NULL,      -- "person", "agent:NAME"
  quorum     integer NOT NULL CHECK (quorum > 0),
  on_expiry  text NOT NULL CHECK (on_expiry IN ('fail', 'approve', 'reject')),
  on_reject  text NOT NULL CHECK (on_reject IN ('fail', 'continue')),
  expires_at timestamptz NOT NULL, -- infinity: never
  asked_at   timestamptz NOT NULL,
  outcome    text CHECK (outcome IN ('approved', 'rejected', 'expired', 'withdrawn')),
  decided_at timestamptz,
  PRIMARY KEY (tenant_id, run_id, step_path, attempt),
  CHECK ((outcome IS NULL) = (decided_at IS NULL))
);
CREATE TABLE carillon.approval_vote (
  tenant_id  text NOT NULL,
  run_id     bigint NOT NULL,
  step_path  text NOT NULL,
  attempt    integer NOT NULL,
  voter      text NOT NULL,
  voter_kind text NOT NULL CHECK (voter_kind IN ('person', 'agent')),
  comment    text NOT NULL DEFAULT '',
  at         timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, run_id, step_path, attempt, voter),
  FOREIGN KEY (tenant_id, run_id, step_path, attempt) REFERENCES carillon.approval ON DELETE CASCADE
);

DO $$
DECLARE
  table_name text;
  role_name text;
BEGIN
  FOREACH table_name IN ARRAY ARRAY['approval', 'approval_vote'] LOOP
    EXECUTE format('ALTER TABLE carillon.%I ENABLE ROW LEVEL SECURITY', table_name);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
      EXECUTE format('CREATE POLICY one_tenant ON carillon.%I TO carillon_app
                      USING (tenant_id = current_setting(''carillon.tenant'', true))', table_name);
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
      EXECUTE format('CREATE POLICY all_tenants ON carillon.%I TO carillon_dispatch USING (true)', table_name);
    END IF;
    FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
      IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.%I TO %I', table_name, role_name);
      END IF;
    END LOOP;
  END LOOP;
END $$;

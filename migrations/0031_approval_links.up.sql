-- Links that decide an approval, for whoever opens them; each once. What they lead to is never changed (0025).
ALTER TABLE carillon.approval ADD COLUMN decided_by text[] NOT NULL DEFAULT '{}';

CREATE TABLE carillon.approval_link (
  hash      text PRIMARY KEY,  -- SHA-256 of the link's token, in hexadecimal digits; the token itself is kept nowhere
  tenant_id text NOT NULL,
  run_id    bigint NOT NULL,
  step_path text NOT NULL,
  attempt   integer NOT NULL,
  holder    text NOT NULL,     -- to whom it was given: that name its decision carries
  made_at   timestamptz NOT NULL,
  used_at   timestamptz,
  FOREIGN KEY (tenant_id, run_id, step_path, attempt) REFERENCES carillon.approval ON DELETE CASCADE
);
CREATE INDEX approval_link_of ON carillon.approval_link (tenant_id, run_id, step_path, attempt);

DO $$
DECLARE
  role_name text;
BEGIN
  ALTER TABLE carillon.approval_link ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    CREATE POLICY one_tenant ON carillon.approval_link TO carillon_app
      USING (tenant_id = current_setting('carillon.tenant', true));
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    CREATE POLICY all_tenants ON carillon.approval_link TO carillon_dispatch USING (true);
  END IF;
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.approval_link TO %I', role_name);
    END IF;
  END LOOP;
END $$;

-- Standing grants: what a person has approved once and for a while, for the same task, the same words and the same arguments.
CREATE TABLE carillon.approval_grant (
  tenant_id  text NOT NULL,
  grant_id   bigint GENERATED ALWAYS AS IDENTITY,
  task_id    bigint NOT NULL,
  message    text NOT NULL,
  digest     text NOT NULL,
  granted_by text NOT NULL,
  granted_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  run_id     bigint NOT NULL,  -- with whose approval it was given
  revoked_at timestamptz,
  revoked_by text,
  PRIMARY KEY (tenant_id, grant_id),
  FOREIGN KEY (tenant_id, task_id) REFERENCES carillon.task ON DELETE CASCADE,
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX approval_grant_of ON carillon.approval_grant (tenant_id, task_id, digest);

DO $$
DECLARE
  role_name text;
BEGIN
  ALTER TABLE carillon.approval_grant ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    CREATE POLICY one_tenant ON carillon.approval_grant TO carillon_app
      USING (tenant_id = current_setting('carillon.tenant', true));
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    CREATE POLICY all_tenants ON carillon.approval_grant TO carillon_dispatch USING (true);
  END IF;
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.approval_grant TO %I', role_name);
    END IF;
  END LOOP;
END $$;

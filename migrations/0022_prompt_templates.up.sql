-- Prompt templates: texts with parameters, read from files at the start of a daemon, in all their versions
-- (docs/adr/0036-prompt-templates.md). Rows are never changed.

CREATE TABLE carillon.prompt_template (
  tenant_id     text NOT NULL REFERENCES auth.tenant,
  id            text NOT NULL GENERATED ALWAYS AS (name || '@' || version::text) STORED,
  name          text COLLATE "C" NOT NULL CHECK (name <> '' AND length(name) <= 64),
  description   text NOT NULL,
  template_body text NOT NULL,
  parameters    bytea NOT NULL,  -- JSON
  version       integer NOT NULL CHECK (version >= 1),
  retired       boolean NOT NULL,
  checksum      bytea NOT NULL,  -- SHA-256 of the file's text
  created_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, name, version)
);

-- The second wall, as in 0001; and nobody changes what was written.
DO $$
DECLARE
  role_name text;
BEGIN
  ALTER TABLE carillon.prompt_template ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    CREATE POLICY one_tenant ON carillon.prompt_template TO carillon_app
      USING (tenant_id = current_setting('carillon.tenant', true));
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    CREATE POLICY all_tenants ON carillon.prompt_template TO carillon_dispatch USING (true);
  END IF;
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT SELECT, INSERT ON carillon.prompt_template TO %I', role_name);
    END IF;
  END LOOP;
END $$;

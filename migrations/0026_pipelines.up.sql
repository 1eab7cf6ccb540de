-- Saved pipelines (docs/adr/0040-pipelines-are-hidden-tasks.md). A pipeline is a hidden task of its name; here is what each
-- of its versions says, as it was written. Rows are never changed.

CREATE TABLE carillon.pipeline_version (
  tenant_id   text NOT NULL,
  task_id     bigint NOT NULL,
  version     integer NOT NULL CHECK (version >= 1),
  definition  bytea NOT NULL,  -- JSON, its members in order
  checksum    bytea NOT NULL GENERATED ALWAYS AS (sha256(definition)) STORED,
  is_template boolean NOT NULL,
  created_at  timestamptz NOT NULL,
  created_by  text NOT NULL,
  PRIMARY KEY (tenant_id, task_id, version),
  FOREIGN KEY (tenant_id, task_id) REFERENCES carillon.task ON DELETE CASCADE
);
ALTER TABLE carillon.pipeline_version ALTER COLUMN definition SET COMPRESSION lz4;

-- The pipeline whose steps a task runs; of a pipeline's own task, itself.
ALTER TABLE carillon.task ADD COLUMN pipeline_id bigint;
CREATE INDEX task_pipeline ON carillon.task (tenant_id, pipeline_id) WHERE pipeline_id IS NOT NULL;

-- The second wall, as in 0001.
DO $$
DECLARE
  role_name text;
BEGIN
  ALTER TABLE carillon.pipeline_version ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    CREATE POLICY one_tenant ON carillon.pipeline_version TO carillon_app
      USING (tenant_id = current_setting('carillon.tenant', true));
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    CREATE POLICY all_tenants ON carillon.pipeline_version TO carillon_dispatch USING (true);
  END IF;
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT SELECT, INSERT ON carillon.pipeline_version TO %I', role_name);
    END IF;
  END LOOP;
END $$;

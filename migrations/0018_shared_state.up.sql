-- Shared state: values under keys of a namespace, with versions, ends and leases (docs/adr/0034-shared-state.md).

CREATE TABLE carillon.state_entry (
  tenant_id   text NOT NULL,
  namespace   text COLLATE "C" NOT NULL,
  key         text COLLATE "C" NOT NULL,
  last_number bigint NOT NULL DEFAULT 0,  -- versions and fencing numbers are drawn from it; it only grows
  version     bigint,                     -- of the value; NULL: there is none
  value       bytea,                      -- JSON
  expires_at  timestamptz,                -- of the value; NULL: it stays
  changed_at  timestamptz,
  changed_by  text,
  fencing     bigint,                     -- of the last lease, which is in force until held_until
  holder      text,
  held_until  timestamptz,
  ends_at     timestamptz NOT NULL DEFAULT '-infinity',  -- when neither value nor lease is left; 'infinity': never
  PRIMARY KEY (tenant_id, namespace, key),
  CHECK (num_nulls(version, value, changed_at, changed_by) IN (0, 4)),
  CHECK (num_nulls(fencing, holder, held_until) IN (0, 3)),
  CHECK (version <= last_number AND fencing <= last_number)
);
ALTER TABLE carillon.state_entry ALTER COLUMN value SET COMPRESSION lz4;
CREATE INDEX state_end ON carillon.state_entry (ends_at);

-- The greatest number of all the tenant's entries that were forgotten: new ones go on behind it, so that no key ever
-- gives the same number twice, and nothing has to be remembered for each key.
CREATE TABLE carillon.state_floor (
  tenant_id   text PRIMARY KEY,
  last_number bigint NOT NULL
);

-- What `set` replaced.
CREATE TABLE carillon.state_version (
  tenant_id  text NOT NULL,
  namespace  text COLLATE "C" NOT NULL,
  key        text COLLATE "C" NOT NULL,
  version    bigint NOT NULL,
  value      bytea NOT NULL,
  changed_at timestamptz NOT NULL,
  changed_by text NOT NULL,
  kept_until timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, namespace, key, version)
);
ALTER TABLE carillon.state_version ALTER COLUMN value SET COMPRESSION lz4;
CREATE INDEX state_version_end ON carillon.state_version (kept_until);

-- The second wall, as in 0001.
DO $$
DECLARE
  role_name text;
  table_name text;
BEGIN
  FOREACH table_name IN ARRAY ARRAY['state_entry', 'state_floor', 'state_version'] LOOP
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

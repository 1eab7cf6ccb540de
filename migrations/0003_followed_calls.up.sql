-- Calls that their client follows by an id of their own (the taskId of MCP): an alias of the run that answers the call,
-- bound to whoever made it. And the key with which all daemons of a database seal what clients keep for them.

CREATE TABLE carillon.followed_call (
  tenant_id    text NOT NULL REFERENCES auth.tenant,
  call_id      text NOT NULL CHECK (call_id ~ '^[A-Za-z0-9_-]{22,64}$'),
  agent_id     text NOT NULL CHECK (agent_id <> ''),
  tool         text NOT NULL CHECK (tool <> ''),
  run_id       bigint,
  shape        bytea NOT NULL,
  answer       bytea,
  keep_for     interval NOT NULL CHECK (keep_for >= interval '24 hours'),
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  cancelled_at timestamptz,
  PRIMARY KEY (tenant_id, call_id),
  CHECK ((run_id IS NULL) <> (answer IS NULL))
);
CREATE INDEX followed_call_of_agent ON carillon.followed_call (tenant_id, agent_id, created_at DESC, call_id DESC);
CREATE INDEX followed_call_age ON carillon.followed_call (expires_at);

-- 244 random bits, made with the database and never again.
CREATE TABLE carillon.sealing_key (
  name       text PRIMARY KEY,
  key        bytea NOT NULL CHECK (length(key) = 32),
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO carillon.sealing_key (name, key)
VALUES ('request_state', sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

ALTER TABLE carillon.followed_call ENABLE ROW LEVEL SECURITY;
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    CREATE POLICY one_tenant ON carillon.followed_call TO carillon_app
      USING (tenant_id = current_setting('carillon.tenant', true));
    GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.followed_call TO carillon_app;
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    CREATE POLICY all_tenants ON carillon.followed_call TO carillon_dispatch USING (true);
    GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.followed_call TO carillon_dispatch;
    GRANT SELECT ON carillon.sealing_key TO carillon_dispatch;
  END IF;
END $$;

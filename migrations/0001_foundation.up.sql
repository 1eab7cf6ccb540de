-- The first schema: who is calling (auth), and everything that Carillon remembers (carillon).
--
-- Hot tables (run_*) carry no foreign keys and no secondary index that the claim would have to keep up; cold ones
-- carry both (docs/adr/0003-hot-and-cold-tables.md). JSON is stored as UTF-8 bytes, because jsonb refuses \u0000.

CREATE SCHEMA auth;
CREATE SCHEMA carillon;

CREATE TABLE auth.tenant (
  tenant_id  text PRIMARY KEY CHECK (tenant_id <> ''),
  title      text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE auth.principal (
  tenant_id  text NOT NULL REFERENCES auth.tenant,
  agent_id   text NOT NULL CHECK (agent_id <> ''),
  kind       text NOT NULL CHECK (kind IN ('person', 'agent', 'service')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, agent_id)
);

CREATE TABLE auth.credential (
  tenant_id     text NOT NULL,
  credential_id text NOT NULL,
  agent_id      text NOT NULL,
  token_sha256  bytea NOT NULL UNIQUE,
  scopes        text[] NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now(),
  expires_at    timestamptz,
  revoked_at    timestamptz,
  PRIMARY KEY (tenant_id, credential_id),
  FOREIGN KEY (tenant_id, agent_id) REFERENCES auth.principal
);

INSERT INTO auth.tenant (tenant_id, title) VALUES ('default', 'The one tenant of a private installation');
INSERT INTO auth.principal (tenant_id, agent_id, kind) VALUES ('default', 'owner', 'person');

-- Tasks ------------------------------------------------------------------------------------------------------------

CREATE TABLE carillon.task (
  tenant_id    text NOT NULL REFERENCES auth.tenant,
  task_id      bigint NOT NULL,
  name         text NOT NULL CHECK (name <> '' AND length(name) <= 200),
  state        text NOT NULL CHECK (state IN ('active', 'paused', 'done')),
  version      integer NOT NULL CHECK (version >= 1),
  kind         text NOT NULL,
  action_kind  text NOT NULL,
  description  text NOT NULL DEFAULT '',
  tags         text[] NOT NULL DEFAULT '{}',
  priority     smallint NOT NULL DEFAULT 5 CHECK (priority BETWEEN 1 AND 9),
  agent_id     text NOT NULL,
  hidden       boolean NOT NULL DEFAULT false,
  keep_records interval,
  keep_outputs interval,
  zone         text NOT NULL,
  target_sha256 bytea NOT NULL,
  pause_reason text,
  paused_by    text,
  paused_until timestamptz,
  created_at   timestamptz NOT NULL,
  created_by   text NOT NULL,
  updated_at   timestamptz NOT NULL,
  deleted_at   timestamptz,
  PRIMARY KEY (tenant_id, task_id),
  CHECK (state = 'paused' OR (pause_reason IS NULL AND paused_by IS NULL AND paused_until IS NULL))
);
CREATE UNIQUE INDEX task_name ON carillon.task (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX task_target ON carillon.task (tenant_id, target_sha256) WHERE deleted_at IS NULL;
CREATE INDEX task_deleted ON carillon.task (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX task_paused_until ON carillon.task (paused_until) WHERE paused_until IS NOT NULL;

CREATE TABLE carillon.task_version (
  tenant_id  text NOT NULL,
  task_id    bigint NOT NULL,
  version    integer NOT NULL,
  definition bytea NOT NULL,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  PRIMARY KEY (tenant_id, task_id, version),
  FOREIGN KEY (tenant_id, task_id) REFERENCES carillon.task ON DELETE CASCADE
);

-- One row a task: where its schedule stands. Firing compares and swaps last_slot. next_number numbers the task's runs.
CREATE TABLE carillon.schedule_state (
  tenant_id    text NOT NULL,
  task_id      bigint NOT NULL,
  shard        smallint NOT NULL,
  task_version integer NOT NULL,
  last_slot    timestamptz NOT NULL,
  next_fire_at timestamptz,
  fired_count  bigint NOT NULL DEFAULT 0,
  next_number  bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, task_id),
  FOREIGN KEY (tenant_id, task_id) REFERENCES carillon.task ON DELETE CASCADE
) WITH (fillfactor = 60);
CREATE INDEX schedule_state_due ON carillon.schedule_state (shard, next_fire_at) WHERE next_fire_at IS NOT NULL;

-- A slot that is skipped (moved_to is null) or moved by snooze; the rhythm stays as it is. Removing the row restores it.
CREATE TABLE carillon.slot_override (
  tenant_id  text NOT NULL,
  task_id    bigint NOT NULL,
  slot       timestamptz NOT NULL,
  moved_to   timestamptz,
  reason     text NOT NULL DEFAULT '',
  created_by text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, task_id, slot),
  FOREIGN KEY (tenant_id, task_id) REFERENCES carillon.task ON DELETE CASCADE
);

-- Runs: each in exactly one of run_ready, run_live, run_history ------------------------------------------------------

CREATE TABLE carillon.run_ready (
  shard           smallint NOT NULL,
  priority        smallint NOT NULL,
  run_at          timestamptz NOT NULL,
  id              bigint NOT NULL,
  tenant_id       text NOT NULL,
  task_id         bigint NOT NULL,
  task_version    integer NOT NULL,
  number          bigint NOT NULL,
  retry           integer NOT NULL,
  attempt         integer NOT NULL,
  takeovers       integer NOT NULL,
  slot            timestamptz,
  origin          text NOT NULL CHECK (origin IN ('schedule', 'run_now', 'retry', 'call')),
  agent_id        text NOT NULL,
  correlation_id  text NOT NULL,
  concurrency_key text,
  expires_at      timestamptz,
  folded          integer NOT NULL,
  reason          text,
  payload         bytea,
  PRIMARY KEY (shard, priority, run_at, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

CREATE TABLE carillon.run_live (
  id                  bigint PRIMARY KEY,
  shard               smallint NOT NULL,
  priority            smallint NOT NULL,
  run_at              timestamptz NOT NULL,
  tenant_id           text NOT NULL,
  task_id             bigint NOT NULL,
  task_version        integer NOT NULL,
  number              bigint NOT NULL,
  retry               integer NOT NULL,
  attempt             integer NOT NULL,
  takeovers           integer NOT NULL,
  slot                timestamptz,
  origin              text NOT NULL,
  agent_id            text NOT NULL,
  correlation_id      text NOT NULL,
  concurrency_key     text,
  expires_at          timestamptz,
  folded              integer NOT NULL,
  reason              text,
  payload             bytea,
  state               text NOT NULL CHECK (state IN ('running', 'waiting')),
  owner               text NOT NULL,
  epoch               bigint NOT NULL,
  lease_until         timestamptz NOT NULL,
  heartbeat_at        timestamptz NOT NULL,
  started_at          timestamptz,
  call_state          text NOT NULL DEFAULT 'idle' CHECK (call_state IN ('idle', 'calling')),
  call_step           text,
  progress            bytea,
  cancel_requested_at timestamptz,
  cancel_reason       text,
  CHECK (state <> 'waiting' OR (lease_until = 'infinity' AND call_state = 'idle'))
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);
-- Of the runs that share a concurrency key one is live; the claim looks here, and a wrong owner breaks on it.
CREATE UNIQUE INDEX run_live_one_per_key ON carillon.run_live (tenant_id, concurrency_key)
  WHERE concurrency_key IS NOT NULL;

CREATE TABLE carillon.run_history (
  id             bigint NOT NULL,
  tenant_id      text NOT NULL,
  task_id        bigint NOT NULL,
  task_version   integer NOT NULL,
  number         bigint NOT NULL,
  retry          integer NOT NULL,
  attempt        integer NOT NULL,
  takeovers      integer NOT NULL,
  slot           timestamptz,
  slot_until     timestamptz,
  folded         integer NOT NULL,
  run_at         timestamptz NOT NULL,
  started_at     timestamptz,
  finished_at    timestamptz NOT NULL,
  late_by        interval,
  origin         text NOT NULL,
  agent_id       text NOT NULL,
  correlation_id text NOT NULL,
  outcome        text NOT NULL
                 CHECK (outcome IN ('succeeded', 'failed', 'cancelled', 'unknown', 'missed', 'skipped')),
  error_class    text,
  error_message  text,
  reason         text,
  cost           numeric,
  payload        bytea,
  output         bytea,
  output_bytes   bigint,
  output_cut     boolean NOT NULL DEFAULT false,
  PRIMARY KEY (id),
  CHECK (outcome <> 'succeeded' OR error_class IS NULL),
  CHECK (outcome NOT IN ('failed', 'unknown') OR error_class IS NOT NULL),
  CHECK (outcome NOT IN ('missed', 'skipped') OR (started_at IS NULL AND reason IS NOT NULL))
) PARTITION BY RANGE (id);
CREATE INDEX run_history_of_task ON carillon.run_history (tenant_id, task_id, id DESC);
CREATE INDEX run_history_finished ON carillon.run_history USING brin (finished_at);

-- One slot, one run, ever. Written by firing only; pruned with history.
CREATE TABLE carillon.run_slot (
  tenant_id text NOT NULL,
  task_id   bigint NOT NULL,
  slot      timestamptz NOT NULL,
  run_id    bigint NOT NULL,
  PRIMARY KEY (tenant_id, task_id, slot)
);
CREATE INDEX run_slot_age ON carillon.run_slot USING brin (slot);

-- What a step of a run did; the truth about it. The executor plans from these rows.
CREATE TABLE carillon.step_journal (
  run_id        bigint NOT NULL,
  step_path     text NOT NULL,
  attempt       integer NOT NULL,
  tenant_id     text NOT NULL,
  state         text NOT NULL
                CHECK (state IN ('running', 'succeeded', 'failed', 'unknown', 'cancelled', 'retrying')),
  tool          text,
  started_at    timestamptz NOT NULL,
  finished_at   timestamptz,
  not_before    timestamptz,
  error_class   text,
  error_message text,
  output        bytea,
  output_bytes  bigint,
  PRIMARY KEY (run_id, step_path, attempt)
) PARTITION BY RANGE (run_id);

-- Every downstream call that may have had an effect.
CREATE TABLE carillon.effect_journal (
  run_id          bigint NOT NULL,
  step_path       text NOT NULL,
  attempt         integer NOT NULL,
  tenant_id       text NOT NULL,
  tool            text NOT NULL,
  effect          text NOT NULL CHECK (effect IN ('read', 'idempotent', 'destructive')),
  input_sha256    bytea NOT NULL,
  idempotency_key text NOT NULL,
  outcome         text NOT NULL,
  started_at      timestamptz NOT NULL,
  duration        interval NOT NULL,
  output_bytes    bigint NOT NULL,
  PRIMARY KEY (run_id, step_path, attempt)
) PARTITION BY RANGE (run_id);

CREATE TABLE carillon.run_input (
  run_id    bigint NOT NULL PRIMARY KEY,
  tenant_id text NOT NULL,
  input     bytea NOT NULL
) PARTITION BY RANGE (run_id);
ALTER TABLE carillon.run_input ALTER COLUMN input SET COMPRESSION lz4;

CREATE TABLE carillon.run_output (
  run_id    bigint NOT NULL PRIMARY KEY,
  tenant_id text NOT NULL,
  output    bytea NOT NULL
) PARTITION BY RANGE (run_id);
ALTER TABLE carillon.run_output ALTER COLUMN output SET COMPRESSION lz4;

-- A second start with the same key inside the window is skipped (duplicate).
CREATE TABLE carillon.dedupe (
  tenant_id  text NOT NULL,
  dedupe_key text NOT NULL,
  started_at timestamptz NOT NULL,
  run_id     bigint NOT NULL,
  PRIMARY KEY (tenant_id, dedupe_key)
);

-- Who works -------------------------------------------------------------------------------------------------------

CREATE TABLE carillon.shard_owner (
  shard      smallint PRIMARY KEY,
  owner      text,
  epoch      bigint NOT NULL DEFAULT 0,
  expires_at timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);
INSERT INTO carillon.shard_owner (shard) SELECT generate_series(0, 15);

-- Live processes; the slot number is part of every run id that the process makes.
CREATE TABLE carillon.process (
  slot         smallint PRIMARY KEY CHECK (slot BETWEEN 0 AND 1023),
  instance     text NOT NULL UNIQUE,
  kind         text NOT NULL,
  host         text NOT NULL,
  pid          integer NOT NULL,
  version      text NOT NULL,
  started_at   timestamptz NOT NULL,
  heartbeat_at timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL
) WITH (fillfactor = 50);

-- The kill switch of a tenant: nothing queued is dispatched while the row is there.
CREATE TABLE carillon.dispatch_pause (
  tenant_id text PRIMARY KEY REFERENCES auth.tenant,
  reason    text NOT NULL DEFAULT '',
  paused_by text NOT NULL,
  paused_at timestamptz NOT NULL,
  until     timestamptz
);

-- What is told to others -------------------------------------------------------------------------------------------

CREATE TABLE carillon.outbox (
  sequence            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id            uuid NOT NULL DEFAULT gen_random_uuid(),
  event_type          text NOT NULL,
  schema_version      smallint NOT NULL DEFAULT 1,
  aggregate           text NOT NULL,
  tenant_id           text NOT NULL,
  agent_id            text NOT NULL,
  client_generated_id text,
  correlation_id      text NOT NULL,
  causation_id        text,
  source              text NOT NULL,
  "timestamp"         timestamptz NOT NULL,
  data                bytea NOT NULL
);
CREATE INDEX outbox_age ON carillon.outbox USING brin ("timestamp");

CREATE TABLE carillon.audit (
  sequence            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id           text NOT NULL,
  actor               text NOT NULL,
  action              text NOT NULL,
  subject             text NOT NULL,
  before              bytea,
  after               bytea,
  client_generated_id text,
  correlation_id      text NOT NULL,
  at                  timestamptz NOT NULL
);
CREATE INDEX audit_subject ON carillon.audit (tenant_id, subject, sequence DESC);

CREATE TABLE carillon.idempotency (
  tenant_id           text NOT NULL,
  client_generated_id text NOT NULL,
  command             text NOT NULL,
  content_sha256      bytea NOT NULL,
  answer              bytea NOT NULL,
  created_at          timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, client_generated_id)
);
CREATE INDEX idempotency_age ON carillon.idempotency (created_at);

-- When a caller last asked get_status, for "since you last asked".
CREATE TABLE carillon.last_asked (
  tenant_id text NOT NULL,
  agent_id  text NOT NULL,
  asked_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, agent_id)
);

-- Partitions ------------------------------------------------------------------------------------------------------

-- The first run id that can be made at an instant: run ids carry the milliseconds since 2026 above 22 other bits.
CREATE FUNCTION carillon.first_run_id(at_time timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT floor(extract(epoch FROM (at_time - timestamptz '2026-01-01 00:00:00+00')) * 1000)::bigint * 4194304
$$;

-- Makes the weekly partitions of the run tables for the weeks from from_time on; existing ones are left alone. Rows that
-- fell into a default partition while nobody made theirs (a machine switched off for a month) move to the new one.
CREATE FUNCTION carillon.ensure_partitions(from_time timestamptz, weeks integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  first_week bigint := floor(extract(epoch FROM (from_time - timestamptz '2026-01-01 00:00:00+00')) / 604800);
  week_ids   constant bigint := 604800000 * 4194304::bigint;
  parent     text;
  child      text;
  id_column  text;
  stranded   boolean;
  n          bigint;
  made       integer := 0;
BEGIN
  FOREACH parent IN ARRAY ARRAY['run_history', 'step_journal', 'effect_journal', 'run_input', 'run_output'] LOOP
    id_column := CASE parent WHEN 'run_history' THEN 'id' ELSE 'run_id' END;
    FOR n IN first_week .. first_week + weeks - 1 LOOP
      child := parent || '_w' || n;
      CONTINUE WHEN to_regclass(format('carillon.%I', child)) IS NOT NULL;
      EXECUTE format('SELECT EXISTS (SELECT FROM carillon.%I WHERE %I >= %s AND %I < %s)',
                     parent || '_default', id_column, n * week_ids, id_column, (n + 1) * week_ids) INTO stranded;
      IF stranded THEN
        EXECUTE format('CREATE TABLE carillon.%I (LIKE carillon.%I INCLUDING ALL)', child, parent);
        EXECUTE format('WITH moved AS (DELETE FROM carillon.%I WHERE %I >= %s AND %I < %s RETURNING *) '
                       'INSERT INTO carillon.%I SELECT * FROM moved',
                       parent || '_default', id_column, n * week_ids, id_column, (n + 1) * week_ids, child);
        EXECUTE format('ALTER TABLE carillon.%I ATTACH PARTITION carillon.%I FOR VALUES FROM (%s) TO (%s)',
                       parent, child, n * week_ids, (n + 1) * week_ids);
      ELSE
        EXECUTE format('CREATE TABLE carillon.%I PARTITION OF carillon.%I FOR VALUES FROM (%s) TO (%s)',
                       child, parent, n * week_ids, (n + 1) * week_ids);
      END IF;
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;

-- Drops the partitions of one run table that end before before_time; returns how many. One whose week still has a run
-- that waits, or one that ended later than that (it may have waited for weeks), stays.
CREATE FUNCTION carillon.drop_partitions(parent_table text, before_time timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  last_week bigint := floor(extract(epoch FROM (before_time - timestamptz '2026-01-01 00:00:00+00')) / 604800) - 1;
  week_ids  constant bigint := 604800000 * 4194304::bigint;
  child     text;
  n         bigint;
  needed    boolean;
  dropped   integer := 0;
BEGIN
  IF parent_table NOT IN ('run_history', 'step_journal', 'effect_journal', 'run_input', 'run_output') THEN
    RAISE EXCEPTION 'not a partitioned run table: %', parent_table;
  END IF;
  FOR child, n IN
    SELECT c.relname, substring(c.relname FROM '_w([0-9]+)$')::bigint FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    JOIN pg_class p ON p.oid = i.inhparent
    JOIN pg_namespace s ON s.oid = p.relnamespace
    WHERE s.nspname = 'carillon' AND p.relname = parent_table AND c.relname ~ '_w[0-9]+$'
      AND substring(c.relname FROM '_w([0-9]+)$')::bigint <= last_week
    ORDER BY 2
  LOOP
    SELECT EXISTS (SELECT FROM carillon.run_live WHERE id >= n * week_ids AND id < (n + 1) * week_ids)
        OR EXISTS (SELECT FROM carillon.run_ready WHERE id >= n * week_ids AND id < (n + 1) * week_ids)
        OR EXISTS (SELECT FROM carillon.run_history
                   WHERE id >= n * week_ids AND id < (n + 1) * week_ids AND finished_at >= before_time)
      INTO needed;
    CONTINUE WHEN needed;
    EXECUTE format('DROP TABLE carillon.%I', child);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;

DO $$
DECLARE parent text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['run_history', 'step_journal', 'effect_journal', 'run_input', 'run_output'] LOOP
    EXECUTE format('CREATE TABLE carillon.%I PARTITION OF carillon.%I DEFAULT', parent || '_default', parent);
  END LOOP;
END $$;
SELECT carillon.ensure_partitions(now(), 4);

-- LISTEN takes no parameter, so the name of a channel is put in here and nowhere else.
CREATE FUNCTION carillon.listen_to(channel text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  EXECUTE format('LISTEN %I', channel);
END $$;

-- Roles and the second wall -----------------------------------------------------------------------------------------
-- carillon_app serves callers and sees one tenant (set in each transaction); carillon_dispatch claims, settles and
-- maintains across tenants. Where this login may not create roles (a single-role DATABASE_URL) they are left out, and
-- doctor and health say that the second wall is off (docs/adr/0004-second-wall.md).

DO $$
DECLARE
  role_name  text;
  table_name text;
BEGIN
  REVOKE EXECUTE ON FUNCTION carillon.ensure_partitions(timestamptz, integer),
    carillon.drop_partitions(text, timestamptz) FROM PUBLIC;
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
      EXCEPTION
        WHEN insufficient_privilege THEN
          RAISE NOTICE 'role % was not made: this login may not create roles', role_name;
        WHEN duplicate_object OR unique_violation THEN
          RAISE NOTICE 'role % was made by another database of this server just now', role_name;
      END;
    END IF;
  END LOOP;

  FOR table_name IN
    SELECT c.table_name FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'carillon' AND c.column_name = 'tenant_id' AND t.table_type = 'BASE TABLE'
      AND c.table_name !~ '(_w[0-9]+|_default)$'
  LOOP
    EXECUTE format('ALTER TABLE carillon.%I ENABLE ROW LEVEL SECURITY', table_name);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
      EXECUTE format('CREATE POLICY one_tenant ON carillon.%I TO carillon_app '
                     'USING (tenant_id = current_setting(''carillon.tenant'', true))', table_name);
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
      EXECUTE format('CREATE POLICY all_tenants ON carillon.%I TO carillon_dispatch USING (true)', table_name);
    END IF;
  END LOOP;

  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT USAGE ON SCHEMA auth, carillon TO %I', role_name);
      EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA auth TO %I', role_name);
      -- Not on partitions: they have no policies, so reading one directly would go around the wall.
      FOR table_name IN
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'carillon' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.%I TO %I', table_name, role_name);
      END LOOP;
      EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA carillon TO %I', role_name);
    END IF;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    GRANT EXECUTE ON FUNCTION carillon.ensure_partitions(timestamptz, integer),
      carillon.drop_partitions(text, timestamptz) TO carillon_dispatch;
  END IF;
END $$;

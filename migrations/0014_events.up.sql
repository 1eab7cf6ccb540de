-- Events: facts that others tell us, and what the tasks that start by them are told of them (docs/adr/0030-events.md).
--
-- An event is written once, with the cues of all tasks that it sets off, and never changed. It carries no foreign keys:
-- those who tell events are many, and the tasks that an event set off may be gone before it is.

CREATE TABLE carillon.event (
  tenant_id      text NOT NULL,
  event_id       bigint NOT NULL,
  event_type     text NOT NULL,
  event_key      text,              -- the teller's own name for this event: a second one with it is the same
  payload        bytea NOT NULL,    -- JSON
  source         text NOT NULL,     -- who told it: agent:owner
  cause          text,              -- the run that told it: run:123
  depth          integer NOT NULL,  -- how many runs had caused one another by then
  tasks          bigint[] NOT NULL, -- that it set off
  correlation_id text NOT NULL,
  at             timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, event_id)
);
ALTER TABLE carillon.event ALTER COLUMN payload SET COMPRESSION lz4;
CREATE UNIQUE INDEX event_once ON carillon.event (tenant_id, event_type, event_key) WHERE event_key IS NOT NULL;
CREATE INDEX event_age ON carillon.event (at);

-- A cue of an event names it, so that its run can carry it; one event is one cue of a task.
ALTER TABLE carillon.cue ADD COLUMN event_id bigint;
CREATE UNIQUE INDEX cue_of_event ON carillon.cue (tenant_id, event_id, task_id) WHERE event_id IS NOT NULL;

-- What a run that an event started carries of it (domain/run_payload.h).
CREATE FUNCTION carillon.payload_of_event(e carillon.event) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT convert_to('{"event":' || rtrim(json_build_object('id', e.event_id::text, 'type', e.event_type, 'key', e.event_key,
           'source', e.source, 'at', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, '}')
         || ',"payload":', 'UTF8') || e.payload || convert_to('}}', 'UTF8')
$$;

-- The second wall, as in 0001.
DO $$
DECLARE
  role_name text;
BEGIN
  ALTER TABLE carillon.event ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    CREATE POLICY one_tenant ON carillon.event TO carillon_app
      USING (tenant_id = current_setting('carillon.tenant', true));
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    CREATE POLICY all_tenants ON carillon.event TO carillon_dispatch USING (true);
  END IF;
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.event TO %I', role_name);
    END IF;
  END LOOP;
END $$;

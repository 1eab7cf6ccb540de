-- Sources: what tasks wait for beside the clock, and cues: what has happened that a task's schedule has to answer.
--
-- A cue is written by the statement that lets it happen and taken away by the one that answers it (fire_slots), so none
-- is lost and none is answered twice (docs/adr/0022-cues.md). Cues carry no foreign keys: they are written where runs end.

CREATE TABLE carillon.task_source (
  tenant_id text NOT NULL,
  task_id   bigint NOT NULL,
  source    text NOT NULL,
  anchor    text NOT NULL,      -- the name of the task that is waited for, or stood ahead of
  outcomes  text[] NOT NULL,    -- the ends of its runs that count
  delay     interval,           -- after each end of the task's own runs
  PRIMARY KEY (tenant_id, task_id, source, anchor),
  CHECK ((source = 'run_end') = (delay IS NOT NULL)),
  FOREIGN KEY (tenant_id, task_id) REFERENCES carillon.task ON DELETE CASCADE
);
CREATE INDEX task_source_anchor ON carillon.task_source (tenant_id, anchor);

CREATE TABLE carillon.cue (
  cue_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id      text NOT NULL,
  task_id        bigint NOT NULL,     -- that is to answer
  source         text NOT NULL,
  anchor         text NOT NULL,
  outcome        text NOT NULL,
  cause          text NOT NULL,       -- run:123
  told           text NOT NULL,       -- the same for people: etl#12
  due_at         timestamptz NOT NULL,
  depth          integer NOT NULL,    -- how many runs have caused one another up to here
  correlation_id text NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX cue_of_task ON carillon.cue (tenant_id, task_id);
-- A fixed delay: the end of each run of a task brings about its next slot. That slot is the one cue of the task which is
-- due in the future; a later end puts it off.
CREATE UNIQUE INDEX cue_of_run_end ON carillon.cue (tenant_id, task_id) WHERE source = 'run_end';

-- What started a run that was not started by the clock or a hand.
CREATE TABLE carillon.run_cause (
  run_id    bigint PRIMARY KEY,
  tenant_id text NOT NULL,
  cause     text NOT NULL,
  depth     integer NOT NULL
);

-- The second trigger of the table in which every end arrives (the first is plan_deliveries).
CREATE FUNCTION carillon.cue_ends() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM carillon.task_source WHERE source IN ('chain', 'run_end')) THEN
    RETURN NULL;
  END IF;
  INSERT INTO carillon.cue (tenant_id, task_id, source, anchor, outcome, cause, told, due_at, depth, correlation_id)
  SELECT w.tenant_id, w.task_id, w.source, w.anchor, e.outcome, 'run:' || e.id,
    x.name || '#' || e.number || CASE WHEN e.retry > 1 THEN '.' || e.retry ELSE '' END, e.finished_at,
    coalesce(c.depth, 0) + 1, e.correlation_id
  FROM ended e
  JOIN carillon.task x ON x.tenant_id = e.tenant_id AND x.task_id = e.task_id AND x.deleted_at IS NULL
  JOIN carillon.task_source w ON w.tenant_id = x.tenant_id AND w.anchor = x.name AND w.source = 'chain'
    AND e.outcome = ANY (w.outcomes)
  JOIN carillon.task t ON t.tenant_id = w.tenant_id AND t.task_id = w.task_id AND t.deleted_at IS NULL
    AND t.state <> 'done'
  LEFT JOIN carillon.run_cause c ON c.run_id = e.id
  ORDER BY e.id, w.task_id;
  -- A slot that was missed or skipped counts as an end: else it would be the last.
  INSERT INTO carillon.cue AS c (tenant_id, task_id, source, anchor, outcome, cause, told, due_at, depth, correlation_id)
  SELECT DISTINCT ON (w.tenant_id, w.task_id) w.tenant_id, w.task_id, w.source, w.anchor, e.outcome, 'run:' || e.id,
    t.name || '#' || e.number || CASE WHEN e.retry > 1 THEN '.' || e.retry ELSE '' END, e.finished_at + w.delay, 0, ''
  FROM ended e
  JOIN carillon.task_source w ON w.tenant_id = e.tenant_id AND w.task_id = e.task_id AND w.source = 'run_end'
  JOIN carillon.task t ON t.tenant_id = w.tenant_id AND t.task_id = w.task_id AND t.deleted_at IS NULL
    AND t.state = 'active'
  ORDER BY w.tenant_id, w.task_id, e.finished_at DESC, e.id DESC
  ON CONFLICT (tenant_id, task_id) WHERE source = 'run_end' DO UPDATE
  SET outcome = excluded.outcome, cause = excluded.cause, told = excluded.told, due_at = excluded.due_at
  WHERE c.due_at < excluded.due_at;
  RETURN NULL;
END $$;

CREATE TRIGGER cue_ends AFTER INSERT ON carillon.run_history
  REFERENCING NEW TABLE AS ended FOR EACH STATEMENT EXECUTE FUNCTION carillon.cue_ends();

-- The second wall, as in 0001.
DO $$
DECLARE
  role_name  text;
  table_name text;
BEGIN
  FOREACH table_name IN ARRAY ARRAY['task_source', 'cue', 'run_cause'] LOOP
    EXECUTE format('ALTER TABLE carillon.%I ENABLE ROW LEVEL SECURITY', table_name);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
      EXECUTE format('CREATE POLICY one_tenant ON carillon.%I TO carillon_app '
                     'USING (tenant_id = current_setting(''carillon.tenant'', true))', table_name);
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
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA carillon TO %I', role_name);
    END IF;
  END LOOP;
END $$;

-- Runs that a step of another run has started (docs/adr/0049-child-runs.md). An attempt of a step has one child, whoever tries how often; the
-- row is written with the child and with the step's beginning to wait.
CREATE TABLE carillon.run_child (
  tenant_id text NOT NULL,
  run_id    bigint NOT NULL,          -- the child
  child     text NOT NULL,            -- its handle
  parent_id bigint NOT NULL,
  step_path text NOT NULL,
  attempt   integer NOT NULL,
  root_id   bigint NOT NULL,          -- the run that nobody's step has started
  depth     integer NOT NULL CHECK (depth > 0),
  finish_by timestamptz NOT NULL,     -- infinity: its parent sets it no bound
  times_out boolean NOT NULL,         -- that bound is the step's timeout, and no deadline of a run
  has_ended boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant_id, run_id),
  UNIQUE (tenant_id, parent_id, step_path, attempt)
);
CREATE INDEX run_child_open ON carillon.run_child (tenant_id, parent_id) WHERE NOT has_ended;
CREATE INDEX run_child_root ON carillon.run_child (tenant_id, root_id);

ALTER TABLE carillon.run_ready DROP CONSTRAINT run_ready_origin_check;
ALTER TABLE carillon.run_ready ADD CONSTRAINT run_ready_origin_check
  CHECK (origin IN ('schedule', 'run_now', 'retry', 'call', 'step'));

-- The third trigger of the table in which every end arrives: a child that has ended wakes its parent. First the child's row, which a
-- parent that looks holds; then the parent's, in the order of their ids, as all do who lock several. The second statement sees what the
-- first one waited for: a parent that was taken up meanwhile, and found its child under way.
CREATE FUNCTION carillon.wake_parents() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM ended WHERE origin = 'step') THEN
    RETURN NULL;
  END IF;
  PERFORM FROM carillon.run_child c JOIN ended e ON e.tenant_id = c.tenant_id AND e.id = c.run_id
  ORDER BY c.run_id FOR NO KEY UPDATE OF c;
  UPDATE carillon.run_child c SET has_ended = true FROM ended e WHERE c.tenant_id = e.tenant_id AND c.run_id = e.id;
  PERFORM FROM carillon.run_live l
  WHERE l.id IN (SELECT c.parent_id FROM carillon.run_child c JOIN ended e ON e.tenant_id = c.tenant_id AND e.id = c.run_id)
  ORDER BY l.id FOR NO KEY UPDATE;
  UPDATE carillon.run_live l
  SET told = true, wake_at = CASE WHEN l.state = 'waiting' THEN '-infinity' ELSE l.wake_at END
  FROM (SELECT DISTINCT c.tenant_id, c.parent_id FROM carillon.run_child c
        JOIN ended e ON e.tenant_id = c.tenant_id AND e.id = c.run_id) p
  WHERE l.tenant_id = p.tenant_id AND l.id = p.parent_id;
  RETURN NULL;
END $$;

CREATE TRIGGER wake_parents AFTER INSERT ON carillon.run_history
  REFERENCING NEW TABLE AS ended FOR EACH STATEMENT EXECUTE FUNCTION carillon.wake_parents();

-- The second wall, as in 0001.
DO $$
DECLARE
  role_name text;
BEGIN
  ALTER TABLE carillon.run_child ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    CREATE POLICY one_tenant ON carillon.run_child TO carillon_app
      USING (tenant_id = current_setting('carillon.tenant', true));
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    CREATE POLICY all_tenants ON carillon.run_child TO carillon_dispatch USING (true);
  END IF;
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.run_child TO %I', role_name);
    END IF;
  END LOOP;
END $$;

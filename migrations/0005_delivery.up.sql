-- Notifications: whom a task tells of the ends of its runs, and what is to be delivered.
--
-- A delivery is planned by the statement that ends the run, whichever of them that is (settling, takeover, firing, a
-- command): a trigger of the table in which every end arrives, once a statement, which looks no further while no task
-- tells anybody (docs/adr/0017-deliveries-are-planned-by-the-end.md).

ALTER TABLE carillon.task
  ADD COLUMN notify    text[] NOT NULL DEFAULT '{}',
  ADD COLUMN notify_on text NOT NULL DEFAULT 'failure' CHECK (notify_on IN ('failure', 'always', 'change', 'never'));
CREATE INDEX task_notifies ON carillon.task (tenant_id) WHERE notify <> '{}';

-- One row for each end and target. Who delivers a kind of target takes its pending rows that are due, by moving due_at
-- ahead, so that a row whose deliverer died comes back.
CREATE TABLE carillon.delivery (
  tenant_id  text NOT NULL REFERENCES auth.tenant,
  run_id     bigint NOT NULL,
  target     text NOT NULL,
  kind       text NOT NULL,
  task_id    bigint NOT NULL,
  agent_id   text NOT NULL,
  state      text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed', 'expired', 'suppressed')),
  attempts   integer NOT NULL DEFAULT 0,
  due_at     timestamptz NOT NULL,
  last_error text,
  created_at timestamptz NOT NULL,
  settled_at timestamptz,
  PRIMARY KEY (tenant_id, run_id, target),
  CHECK ((state = 'pending') = (settled_at IS NULL))
);
CREATE INDEX delivery_due ON carillon.delivery (kind, due_at) WHERE state = 'pending';
CREATE INDEX delivery_settled ON carillon.delivery (tenant_id, agent_id, kind, settled_at) WHERE state <> 'pending';

-- Whether a run ended well after one that did not, or the other way round. A function of its own, and not inlined, because
-- planning for it is dear and most ends never ask.
CREATE FUNCTION carillon.is_change(tenant text, task bigint, run bigint, outcome text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
BEGIN
  RETURN outcome IN ('succeeded', 'failed', 'unknown') AND (outcome = 'succeeded') <> (coalesce((
    SELECT h.outcome FROM carillon.run_history h
    WHERE h.tenant_id = tenant AND h.task_id = task AND h.id < run AND h.outcome IN ('succeeded', 'failed', 'unknown')
    ORDER BY h.id DESC LIMIT 1), 'succeeded') = 'succeeded');
END $$;

CREATE FUNCTION carillon.plan_deliveries() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM carillon.task WHERE notify <> '{}') THEN
    RETURN NULL;
  END IF;
  INSERT INTO carillon.delivery (tenant_id, run_id, target, kind, task_id, agent_id, due_at, created_at)
  SELECT e.tenant_id, e.id, target, split_part(target, ':', 1), e.task_id, e.agent_id, e.finished_at, e.finished_at
  FROM ended e
  JOIN carillon.task t ON t.tenant_id = e.tenant_id AND t.task_id = e.task_id AND t.notify <> '{}'
  CROSS JOIN unnest(t.notify) AS target
  WHERE CASE t.notify_on
    WHEN 'always' THEN e.outcome <> 'skipped'
    WHEN 'failure' THEN e.outcome IN ('failed', 'unknown', 'missed')
    WHEN 'change' THEN carillon.is_change(e.tenant_id, e.task_id, e.id, e.outcome)
    ELSE false END
  ON CONFLICT (tenant_id, run_id, target) DO NOTHING;
  RETURN NULL;
END $$;

CREATE TRIGGER plan_deliveries AFTER INSERT ON carillon.run_history
  REFERENCING NEW TABLE AS ended FOR EACH STATEMENT EXECUTE FUNCTION carillon.plan_deliveries();

-- The second wall, as in 0001.
DO $$
DECLARE
  role_name text;
BEGIN
  ALTER TABLE carillon.delivery ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    CREATE POLICY one_tenant ON carillon.delivery TO carillon_app
      USING (tenant_id = current_setting('carillon.tenant', true));
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    CREATE POLICY all_tenants ON carillon.delivery TO carillon_dispatch USING (true);
  END IF;
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.delivery TO %I', role_name);
    END IF;
  END LOOP;
END $$;

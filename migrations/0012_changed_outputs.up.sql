-- `notify_on: change` tells of a success whose output is another than that of the success before, too.
CREATE TABLE carillon.last_output (
  tenant_id text NOT NULL,
  task_id   bigint NOT NULL,
  run_id    bigint NOT NULL,
  sha256    bytea NOT NULL,
  PRIMARY KEY (tenant_id, task_id),
  FOREIGN KEY (tenant_id, task_id) REFERENCES carillon.task ON DELETE CASCADE
);

-- Keeps the digest of a success's output and says whether the one before was another. The first says no.
CREATE FUNCTION carillon.output_changed(tenant text, task bigint, run bigint, output bytea) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  before bytea;
  now_is CONSTANT bytea := sha256(coalesce(output, ''));
BEGIN
  SELECT sha256 INTO before FROM carillon.last_output WHERE tenant_id = tenant AND task_id = task FOR UPDATE;
  INSERT INTO carillon.last_output AS l (tenant_id, task_id, run_id, sha256) VALUES (tenant, task, run, now_is)
  ON CONFLICT (tenant_id, task_id) DO UPDATE SET run_id = excluded.run_id, sha256 = excluded.sha256 WHERE l.run_id < excluded.run_id;
  RETURN before IS NOT NULL AND before <> now_is;
END $$;

-- As in 0009; tasks that tell of changes are asked one end after the other, in order.
CREATE OR REPLACE FUNCTION carillon.plan_deliveries() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  each record;
  changed boolean;
BEGIN
  IF NOT EXISTS (SELECT FROM carillon.task WHERE notify <> '{}') THEN
    RETURN NULL;
  END IF;
  INSERT INTO carillon.delivery (tenant_id, run_id, target, kind, task_id, agent_id, due_at, created_at)
  SELECT e.tenant_id, e.id, target, carillon.kind_of_target(target), e.task_id, e.agent_id, e.finished_at, e.finished_at
  FROM ended e
  JOIN carillon.task t ON t.tenant_id = e.tenant_id AND t.task_id = e.task_id AND t.notify <> '{}'
  CROSS JOIN unnest(t.notify) AS target
  WHERE CASE t.notify_on
    WHEN 'always' THEN e.outcome <> 'skipped'
    WHEN 'failure' THEN e.outcome IN ('failed', 'unknown', 'missed')
    ELSE false END
  ON CONFLICT (tenant_id, run_id, target) DO NOTHING;
  FOR each IN
    SELECT e.*, t.notify FROM ended e
    JOIN carillon.task t ON t.tenant_id = e.tenant_id AND t.task_id = e.task_id AND t.notify <> '{}' AND t.notify_on = 'change'
    ORDER BY e.tenant_id, e.task_id, e.id
  LOOP
    changed := each.outcome = 'succeeded' AND carillon.output_changed(each.tenant_id, each.task_id, each.id,
      coalesce(each.output, (SELECT o.output FROM carillon.run_output o WHERE o.run_id = each.id AND o.tenant_id = each.tenant_id)));
    CONTINUE WHEN NOT (changed OR carillon.is_change(each.tenant_id, each.task_id, each.id, each.outcome));
    INSERT INTO carillon.delivery (tenant_id, run_id, target, kind, task_id, agent_id, due_at, created_at)
    SELECT each.tenant_id, each.id, target, carillon.kind_of_target(target), each.task_id, each.agent_id, each.finished_at, each.finished_at
    FROM unnest(each.notify) AS target
    ON CONFLICT (tenant_id, run_id, target) DO NOTHING;
  END LOOP;
  RETURN NULL;
END $$;

-- The second wall, as in 0001.
DO $$
DECLARE
  role_name text;
BEGIN
  ALTER TABLE carillon.last_output ENABLE ROW LEVEL SECURITY;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    CREATE POLICY one_tenant ON carillon.last_output TO carillon_app
      USING (tenant_id = current_setting('carillon.tenant', true));
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    CREATE POLICY all_tenants ON carillon.last_output TO carillon_dispatch USING (true);
  END IF;
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.last_output TO %I', role_name);
    END IF;
  END LOOP;
END $$;

-- What waited for the others of its outage is due.
UPDATE carillon.delivery SET due_at = least(due_at, now()) WHERE outage_id IS NOT NULL AND state = 'pending' AND tried_at IS NULL;
ALTER TABLE carillon.delivery DROP COLUMN outage_id;
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
DROP FUNCTION carillon.gathering_outage(text, timestamptz, timestamptz);
DROP TABLE carillon.outage;
DROP TABLE carillon.vigil;

CREATE OR REPLACE FUNCTION carillon.plan_deliveries() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  each record;
  changed boolean;
BEGIN
  IF NOT EXISTS (SELECT FROM carillon.task WHERE notify <> '{}') THEN
    RETURN NULL;
  END IF;
  INSERT INTO carillon.delivery (tenant_id, run_id, target, kind, task_id, agent_id, due_at, created_at, held, outage_id)
  SELECT e.tenant_id, e.id, target, carillon.kind_of_target(target), e.task_id, e.agent_id, coalesce(o.told_by, e.finished_at),
    e.finished_at, o.outage_id IS NOT NULL, o.outage_id
  FROM ended e
  JOIN carillon.task t ON t.tenant_id = e.tenant_id AND t.task_id = e.task_id AND t.notify <> '{}'
  CROSS JOIN LATERAL carillon.gathering_outage(e.origin, e.slot, e.finished_at) AS o
  CROSS JOIN unnest(t.notify) AS target
  WHERE CASE WHEN t.notify_on = 'never' THEN false
    WHEN o.outage_id IS NOT NULL THEN e.outcome <> 'skipped'
    WHEN t.notify_on = 'always' THEN e.outcome <> 'skipped'
    WHEN t.notify_on = 'failure' THEN e.outcome IN ('failed', 'unknown', 'missed')
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
DROP FUNCTION carillon.sign_in_is_told(text, text, bigint, bigint, timestamptz, text);
DROP FUNCTION carillon.named_sign_in(text);
DROP FUNCTION carillon.wants_sign_in(text, text);

CREATE OR REPLACE FUNCTION carillon.plan_deliveries() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
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
    WHEN 'change' THEN carillon.is_change(e.tenant_id, e.task_id, e.id, e.outcome)
    ELSE false END
  ON CONFLICT (tenant_id, run_id, target) DO NOTHING;
  RETURN NULL;
END $$;
DROP FUNCTION carillon.output_changed(text, bigint, bigint, bytea);
DROP TABLE carillon.last_output;

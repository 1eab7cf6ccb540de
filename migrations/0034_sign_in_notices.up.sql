-- A sign-in that is wanted is told once: who hears of failures is told by the first of the runs that lack it, whichever task's.

CREATE FUNCTION carillon.wants_sign_in(notify_on text, error_class text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT notify_on = 'failure' AND error_class IS NOT DISTINCT FROM 'needs_sign_in'
$$;

-- What of a message names the sign-in: the command; else all of it.
CREATE FUNCTION carillon.named_sign_in(message text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(substring(message FROM 'carillon login [^ `,;.]+'), message)
$$;

-- Whether the target was told within a day, by a run of this task or of another, of the sign-in that this run lacks, and
-- neither of the two tasks has succeeded since. Who asks for one target waits for each other, so that one of many is told.
CREATE FUNCTION carillon.sign_in_is_told(tenant text, told_target text, task bigint, run bigint, at_time timestamptz, message text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('carillon.sign_in ' || tenant || ' ' || told_target, 0));
  RETURN EXISTS (
    SELECT FROM carillon.delivery d
    JOIN carillon.run_history h ON h.id = d.run_id AND h.tenant_id = d.tenant_id
    WHERE d.tenant_id = tenant AND d.target = told_target AND d.run_id <> run
      AND d.run_id >= carillon.first_run_id(at_time - interval '1 day')
      AND h.error_class = 'needs_sign_in' AND carillon.named_sign_in(h.error_message) = carillon.named_sign_in(message)
      AND NOT EXISTS (SELECT FROM carillon.run_history s
                      WHERE s.tenant_id = tenant AND s.task_id IN (task, d.task_id) AND s.id > d.run_id AND s.outcome = 'succeeded'));
END $$;

-- As in 0016, but for the sign-ins.
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
  WHERE CASE WHEN t.notify_on = 'never' OR carillon.wants_sign_in(t.notify_on, e.error_class) THEN false
    WHEN o.outage_id IS NOT NULL THEN e.outcome <> 'skipped'
    WHEN t.notify_on = 'always' THEN e.outcome <> 'skipped'
    WHEN t.notify_on = 'failure' THEN e.outcome IN ('failed', 'unknown', 'missed')
    ELSE false END
  ON CONFLICT (tenant_id, run_id, target) DO NOTHING;
  FOR each IN
    SELECT e.*, target FROM ended e
    JOIN carillon.task t ON t.tenant_id = e.tenant_id AND t.task_id = e.task_id AND t.notify <> '{}'
      AND carillon.wants_sign_in(t.notify_on, e.error_class)
    CROSS JOIN unnest(t.notify) AS target
    ORDER BY e.tenant_id, target, e.id
  LOOP
    CONTINUE WHEN carillon.sign_in_is_told(each.tenant_id, each.target, each.task_id, each.id, each.finished_at, each.error_message);
    INSERT INTO carillon.delivery (tenant_id, run_id, target, kind, task_id, agent_id, due_at, created_at)
    VALUES (each.tenant_id, each.id, each.target, carillon.kind_of_target(each.target), each.task_id, each.agent_id, each.finished_at, each.finished_at)
    ON CONFLICT (tenant_id, run_id, target) DO NOTHING;
  END LOOP;
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

-- Outages: from when until when nobody watched the schedules, because the machine slept, no daemon ran or the database was
-- away. What an outage made late is told together (docs/adr/0031-waking-up.md).

-- When somebody last did, by the clock of what is due.
CREATE TABLE carillon.vigil (
  one     boolean PRIMARY KEY DEFAULT true CHECK (one),
  seen_at timestamptz NOT NULL
);

CREATE TABLE carillon.outage (
  outage_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  began_at  timestamptz NOT NULL,
  ended_at  timestamptz NOT NULL,
  kind      text NOT NULL CHECK (kind IN ('start', 'sleep', 'stop', 'step', 'other')),
  told_by   timestamptz NOT NULL,  -- the ends of its late runs wait for each other until then at most
  CHECK (began_at < ended_at AND ended_at <= told_by)
);
CREATE INDEX outage_told ON carillon.outage (told_by);

ALTER TABLE carillon.delivery ADD COLUMN outage_id bigint;
CREATE INDEX delivery_of_outage ON carillon.delivery (outage_id) WHERE outage_id IS NOT NULL AND state = 'pending';

-- The outage that the end of a slot's run belongs to, while its ends are gathered; NULL: none.
CREATE FUNCTION carillon.gathering_outage(origin text, slot timestamptz, finished_at timestamptz) RETURNS carillon.outage
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT o FROM carillon.outage o
  WHERE origin = 'schedule' AND o.told_by > finished_at AND o.ended_at <= finished_at
    AND slot > o.began_at AND slot <= o.ended_at
  ORDER BY o.outage_id DESC LIMIT 1
$$;

-- As in 0012, but that the ends of an outage's slots are planned whatever is told otherwise ('never' excepted), held, and
-- due together.
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

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    GRANT SELECT ON carillon.outage TO carillon_app;
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.outage, carillon.vigil TO carillon_dispatch;
  END IF;
END $$;

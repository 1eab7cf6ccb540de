-- Letters: deliveries that leave this installation (webhook, and what follows it) are told in letters. A letter is one
-- delivery, or all those of a target that had to wait because there were too many within an hour
-- (docs/adr/0026-letters.md).

ALTER TABLE carillon.delivery
  ADD COLUMN letter   bigint,                          -- its first run; set when it is tried first and never again
  ADD COLUMN tried_at timestamptz,                     -- when that was; what is tried again keeps it
  ADD COLUMN held     boolean NOT NULL DEFAULT false,  -- it waited for its target's hour, and is told with what waited too
  ADD COLUMN taken    boolean NOT NULL DEFAULT false;  -- somebody sends it until due_at; after that nobody knows
CREATE INDEX delivery_tried ON carillon.delivery (tenant_id, target, tried_at) WHERE tried_at IS NOT NULL;
CREATE INDEX delivery_not_sent ON carillon.delivery (tenant_id, run_id) WHERE state IN ('pending', 'failed', 'expired');

-- Who takes letters of a kind holds its row meanwhile, so that no two count the same hour.
CREATE TABLE carillon.delivery_turn (kind text PRIMARY KEY);
INSERT INTO carillon.delivery_turn (kind) VALUES ('webhook'), ('email'), ('desktop'), ('tool');

-- The secrets of webhooks are made from it.
INSERT INTO carillon.sealing_key (name, key)
VALUES ('webhook', sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

-- Who delivers to a target; "server.tool" is the tool's catalog.
CREATE FUNCTION carillon.kind_of_target(target text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT CASE WHEN target IN ('session', 'desktop') THEN target
              WHEN target LIKE 'email:%' THEN 'email'
              WHEN target LIKE 'webhook:%' THEN 'webhook'
              ELSE 'tool' END
$$;

-- As in 0005, but for the kind.
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

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    GRANT SELECT, UPDATE ON carillon.delivery_turn TO carillon_dispatch;
  END IF;
END $$;

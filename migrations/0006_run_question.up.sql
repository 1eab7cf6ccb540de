-- What downstream servers ask in the middle of a run's call, and who answered
-- (docs/adr/0021-questions-in-the-middle-of-a-call.md). A question is open while closed_at is null and the attempt of the
-- run that asked is live; the statements that end runs know nothing of it.

CREATE TABLE carillon.run_question (
  tenant_id    text NOT NULL REFERENCES auth.tenant,
  run_id       bigint NOT NULL,
  question_key text NOT NULL CHECK (question_key <> ''),
  attempt      integer NOT NULL,
  tool         text NOT NULL,
  method       text NOT NULL CHECK (method IN ('elicitation/create', 'sampling/createMessage')),
  params       bytea NOT NULL,
  asked_at     timestamptz NOT NULL,
  answer_until timestamptz NOT NULL,
  answer       bytea,
  answered_by  text,
  closed_at    timestamptz,
  outcome      text CHECK (outcome IN ('answered', 'expired', 'call_ended', 'worker_lost')),
  PRIMARY KEY (tenant_id, run_id, question_key),
  CHECK ((closed_at IS NULL) = (outcome IS NULL)),
  CHECK ((answered_by IS NOT NULL) = coalesce(outcome = 'answered', false)),
  CHECK (answer IS NULL OR answered_by IS NOT NULL)
);
-- What somebody may still wait for: open questions, and answers that the call has not outlived.
CREATE INDEX run_question_alive ON carillon.run_question (run_id) WHERE closed_at IS NULL OR answer IS NOT NULL;
CREATE INDEX run_question_age ON carillon.run_question (closed_at) WHERE closed_at IS NOT NULL;

-- The second wall, as in 0001.
ALTER TABLE carillon.run_question ENABLE ROW LEVEL SECURITY;
DO $$
DECLARE
  role_name text;
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_app') THEN
    CREATE POLICY one_tenant ON carillon.run_question TO carillon_app
      USING (tenant_id = current_setting('carillon.tenant', true));
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_dispatch') THEN
    CREATE POLICY all_tenants ON carillon.run_question TO carillon_dispatch USING (true);
  END IF;
  FOREACH role_name IN ARRAY ARRAY['carillon_app', 'carillon_dispatch'] LOOP
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON carillon.run_question TO %I', role_name);
    END IF;
  END LOOP;
END $$;

-- A run whose steps only wait holds no worker: its row stays in run_live, with its place among the runs that share its key, until
-- wake_at; infinity: until it is told.
ALTER TABLE carillon.run_live ADD COLUMN wake_at timestamptz,
  ADD CONSTRAINT run_live_wakes CHECK ((state = 'waiting') = (wake_at IS NOT NULL));
CREATE INDEX run_live_wake ON carillon.run_live (shard, wake_at) WHERE state = 'waiting';

-- What a run waits for, and what was left out, are rows of its journal, too.
ALTER TABLE carillon.step_journal DROP CONSTRAINT step_journal_state_check,
  ADD CONSTRAINT step_journal_state_check
    CHECK (state IN ('running', 'waiting', 'succeeded', 'failed', 'unknown', 'cancelled', 'retrying', 'skipped'));

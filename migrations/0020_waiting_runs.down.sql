-- Who waits is taken over like a run whose worker was lost; what only the newer version writes down is forgotten.
DROP INDEX carillon.run_live_wake;
ALTER TABLE carillon.run_live DROP COLUMN wake_at;
UPDATE carillon.run_live SET state = 'running', lease_until = clock_timestamp() WHERE state = 'waiting';
DELETE FROM carillon.step_journal WHERE state IN ('waiting', 'skipped');
ALTER TABLE carillon.step_journal DROP CONSTRAINT step_journal_state_check,
  ADD CONSTRAINT step_journal_state_check
    CHECK (state IN ('running', 'succeeded', 'failed', 'unknown', 'cancelled', 'retrying'));

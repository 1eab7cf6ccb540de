ALTER TABLE carillon.step_journal DROP COLUMN reused_from;

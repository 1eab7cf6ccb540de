ALTER TABLE carillon.step_journal DROP COLUMN cost;
ALTER TABLE carillon.effect_journal DROP COLUMN cost;
ALTER TABLE carillon.task_version DROP COLUMN scopes;

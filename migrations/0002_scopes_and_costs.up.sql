-- What servers.json says of a downstream tool: which scopes it asks for, and what a call costs in US dollars.

-- The scopes of whoever wrote a version; its runs call with them. Null: not known (written before, or by call_tool, whose
-- runs are checked when they are asked for).
ALTER TABLE carillon.task_version ADD COLUMN scopes text[];

-- Of a call; null: nothing. A call that costs something is journalled although it only reads. run_history.cost is the
-- sum over a run's calls, those of earlier attempts included.
ALTER TABLE carillon.effect_journal ADD COLUMN cost numeric CHECK (cost > 0);
ALTER TABLE carillon.step_journal ADD COLUMN cost numeric CHECK (cost > 0);

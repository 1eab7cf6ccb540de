DROP TRIGGER cue_ends ON carillon.run_history;
DROP FUNCTION carillon.cue_ends();
DROP TABLE carillon.run_cause, carillon.cue, carillon.task_source;

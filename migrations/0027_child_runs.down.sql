-- Children that wait to begin are as if somebody had run them; their parents wait for ever with the older version: they are ended by a
-- person, or by their deadline.
DROP TRIGGER wake_parents ON carillon.run_history;
DROP FUNCTION carillon.wake_parents();
DROP TABLE carillon.run_child;
UPDATE carillon.run_ready SET origin = 'run_now' WHERE origin = 'step';
ALTER TABLE carillon.run_ready DROP CONSTRAINT run_ready_origin_check;
ALTER TABLE carillon.run_ready ADD CONSTRAINT run_ready_origin_check
  CHECK (origin IN ('schedule', 'run_now', 'retry', 'call'));

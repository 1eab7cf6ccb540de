-- Who waits for an event waits for ever with the older version: its run is ended by a person, or by its deadline.
ALTER TABLE carillon.run_live DROP COLUMN told;
DROP TABLE carillon.step_wait;

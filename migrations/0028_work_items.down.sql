-- What waits for an agent waits for ever with the older version: its run is ended by a person, or by its deadline.
DROP INDEX carillon.approval_open;
DROP TABLE carillon.work_item;

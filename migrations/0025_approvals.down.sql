-- What waits for an approval waits for ever with the older version: its run is ended by a person, or by its deadline.
DROP TABLE carillon.approval_vote;
DROP TABLE carillon.approval;

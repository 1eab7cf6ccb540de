-- The older version would look for runs of these ids.
DELETE FROM carillon.delivery WHERE about = 'approval';
ALTER TABLE carillon.delivery DROP COLUMN about;
DROP INDEX carillon.approval_id;
ALTER TABLE carillon.approval DROP COLUMN id;

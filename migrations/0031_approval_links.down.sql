-- Links that were given away lead nowhere with the older version.
DROP TABLE carillon.approval_link;
DROP INDEX carillon.approval_asked;
ALTER TABLE carillon.approval DROP COLUMN decided_by;

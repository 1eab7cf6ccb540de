-- Links that were given away lead nowhere with the older version.
DROP TABLE carillon.approval_link;
ALTER TABLE carillon.approval DROP COLUMN decided_by;

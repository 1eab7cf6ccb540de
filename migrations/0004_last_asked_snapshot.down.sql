DROP FUNCTION carillon.is_unseen(xid, pg_snapshot);
ALTER TABLE carillon.last_asked DROP COLUMN seen;

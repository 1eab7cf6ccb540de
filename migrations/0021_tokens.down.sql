ALTER TABLE carillon.audit DROP COLUMN actor_kind;

-- Agents of their own beside the owner: what stood behind the name of an audit row. Null: written before this was known.
ALTER TABLE carillon.audit ADD COLUMN actor_kind text CHECK (actor_kind IN ('person', 'agent', 'service'));

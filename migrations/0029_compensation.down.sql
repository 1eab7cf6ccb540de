ALTER TABLE carillon.run_history DROP COLUMN compensated;
ALTER TABLE carillon.run_ready DROP COLUMN undoes, DROP COLUMN cancel_reason, DROP COLUMN cancel_requested_at;
ALTER TABLE carillon.run_live DROP COLUMN undoes;

ALTER TABLE carillon.schedule_state DROP COLUMN revision;

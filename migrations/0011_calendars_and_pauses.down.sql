DROP TABLE carillon.calendar;
ALTER TABLE carillon.task DROP COLUMN calendars, DROP COLUMN pause_meanwhile, DROP COLUMN paused_at;

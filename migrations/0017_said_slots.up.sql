-- What is said about single slots (skipped, moved, taken back) changes the schedule's state: a firing that was decided before it changes nothing.
ALTER TABLE carillon.schedule_state ADD COLUMN revision integer NOT NULL DEFAULT 0;

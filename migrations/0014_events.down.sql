DELETE FROM carillon.cue WHERE event_id IS NOT NULL;
DELETE FROM carillon.task_source WHERE source = 'event';
ALTER TABLE carillon.cue DROP COLUMN event_id;
DROP FUNCTION carillon.payload_of_event(carillon.event);
DROP TABLE carillon.event;

DROP TABLE carillon.condition;
DELETE FROM carillon.cue WHERE source = 'condition';
DELETE FROM carillon.task_source WHERE source = 'condition';

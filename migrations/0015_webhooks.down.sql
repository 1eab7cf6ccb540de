DELETE FROM carillon.cue WHERE source = 'webhook';
DELETE FROM carillon.task_source WHERE source = 'webhook';
DROP TABLE carillon.webhook;

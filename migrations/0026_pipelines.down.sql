-- Tasks that run pipelines cannot be read by the version before; update_task with steps gives them an action again.
DELETE FROM carillon.task WHERE pipeline_id = task_id;
ALTER TABLE carillon.task DROP COLUMN pipeline_id;
DROP TABLE carillon.pipeline_version;

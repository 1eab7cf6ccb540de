-- Deletes a task for good, with all that it did. The caller has made sure that no run of it is active.
WITH runs AS (
  DELETE FROM carillon.run_history WHERE tenant_id = $1 AND task_id = $2 RETURNING id
), inputs AS (
  DELETE FROM carillon.run_input WHERE run_id IN (SELECT id FROM runs)
), outputs AS (
  DELETE FROM carillon.run_output WHERE run_id IN (SELECT id FROM runs)
), steps AS (
  DELETE FROM carillon.step_journal WHERE run_id IN (SELECT id FROM runs)
), effects AS (
  DELETE FROM carillon.effect_journal WHERE run_id IN (SELECT id FROM runs)
), causes AS (
  DELETE FROM carillon.run_cause WHERE run_id IN (SELECT id FROM runs)
), cues AS (
  DELETE FROM carillon.cue WHERE tenant_id = $1 AND task_id = $2
), slots AS (
  DELETE FROM carillon.run_slot WHERE tenant_id = $1 AND task_id = $2
)
DELETE FROM carillon.task WHERE tenant_id = $1 AND task_id = $2;

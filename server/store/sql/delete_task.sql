-- Deletes a task for good, with all that it did; who was to be told of it still is. The caller has made sure that no run of it is active.
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
), waits AS (
  DELETE FROM carillon.step_wait WHERE tenant_id = $1 AND run_id IN (SELECT id FROM runs)
), approvals AS (
  DELETE FROM carillon.approval WHERE tenant_id = $1 AND run_id IN (SELECT id FROM runs)
), work AS (
  DELETE FROM carillon.work_item WHERE tenant_id = $1 AND run_id IN (SELECT id FROM runs)
), questions AS (
  DELETE FROM carillon.run_question WHERE tenant_id = $1 AND run_id IN (SELECT id FROM runs)
), followed AS (
  DELETE FROM carillon.followed_call WHERE tenant_id = $1 AND run_id IN (SELECT id FROM runs)
), cues AS (
  DELETE FROM carillon.cue WHERE tenant_id = $1 AND task_id = $2
), slots AS (
  DELETE FROM carillon.run_slot WHERE tenant_id = $1 AND task_id = $2
)
DELETE FROM carillon.task WHERE tenant_id = $1 AND task_id = $2;

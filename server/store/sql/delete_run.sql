-- Forgets a run that has ended, with all that is kept of it. Its slot stays taken: one slot, one run, ever.
WITH run AS (
  DELETE FROM carillon.run_history WHERE tenant_id = $1 AND id = $2 RETURNING id
), inputs AS (
  DELETE FROM carillon.run_input WHERE run_id IN (SELECT id FROM run)
), outputs AS (
  DELETE FROM carillon.run_output WHERE run_id IN (SELECT id FROM run)
), steps AS (
  DELETE FROM carillon.step_journal WHERE run_id IN (SELECT id FROM run)
), effects AS (
  DELETE FROM carillon.effect_journal WHERE run_id IN (SELECT id FROM run)
), causes AS (
  DELETE FROM carillon.run_cause WHERE run_id IN (SELECT id FROM run)
), waits AS (
  DELETE FROM carillon.step_wait WHERE tenant_id = $1 AND run_id IN (SELECT id FROM run)
), approvals AS (
  DELETE FROM carillon.approval WHERE tenant_id = $1 AND run_id IN (SELECT id FROM run)
), work AS (
  DELETE FROM carillon.work_item WHERE tenant_id = $1 AND run_id IN (SELECT id FROM run)
), questions AS (
  DELETE FROM carillon.run_question WHERE tenant_id = $1 AND run_id IN (SELECT id FROM run)
), deliveries AS (
  DELETE FROM carillon.delivery WHERE tenant_id = $1 AND run_id IN (SELECT id FROM run)
), followed AS (
  DELETE FROM carillon.followed_call WHERE tenant_id = $1 AND run_id IN (SELECT id FROM run)
)
SELECT id FROM run;

-- Writes what a look ($1 tenant, $2 task, $3 place, $4 number) left behind, and the cue ($10 outcome, $11 for people) when something is to
-- follow from it. Nothing when it was looked again, or the task edited, meanwhile. Gives how many looks were ended so.
WITH ended AS (
  UPDATE carillon.condition
  SET leased_until = NULL, memory = $5, next_look_at = $6, looked_at = $7, failures = $8, last_error = nullif($9, '')
  WHERE tenant_id = $1 AND task_id = $2 AND place = $3 AND looks = $4 AND leased_until IS NOT NULL
  RETURNING tenant_id, task_id, place, looks
), told AS (
  INSERT INTO carillon.cue (tenant_id, task_id, source, anchor, outcome, cause, told, due_at, depth, correlation_id)
  SELECT tenant_id, task_id, 'condition', place::text, $10::text, 'look:' || task_id || '.' || place || '.' || looks,
    $11::text, $7, 1, $12::text
  FROM ended WHERE $10::text <> ''
)
SELECT count(*) FROM ended;

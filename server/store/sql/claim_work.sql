-- Whose the work of the step $3 of the run $2, attempt $4, is until $6: $5's; null for both: nobody's. The row is held by whoever asks.
UPDATE carillon.work_item SET claimed_by = $5, claimed_until = $6
WHERE tenant_id = $1 AND run_id = $2 AND step_path = $3 AND attempt = $4 AND outcome IS NULL;

-- Moves the next attempts of those steps of a run ($2) that have failed and wait for one: to $3, or (null) by $4. Gives when each was due and is now.
UPDATE carillon.step_journal j
SET not_before = coalesce($3::timestamptz, j.not_before + $4::interval)
FROM (
  SELECT r.step_path, r.attempt, r.not_before FROM carillon.step_journal r
  WHERE r.tenant_id = $1 AND r.run_id = $2 AND r.state = 'retrying'
    AND NOT EXISTS (SELECT FROM carillon.step_journal n
                    WHERE n.run_id = r.run_id AND n.step_path = r.step_path AND n.attempt > r.attempt)
  FOR UPDATE
) was
WHERE j.tenant_id = $1 AND j.run_id = $2 AND j.step_path = was.step_path AND j.attempt = was.attempt
RETURNING was.not_before AS was_at, j.not_before AS at;

-- What the steps of the runs $2 wait to be told, by run and step. Locks nothing.
SELECT w.run_id, w.waits_for FROM carillon.step_wait w
WHERE w.tenant_id = $1 AND w.run_id = ANY ($2)
ORDER BY w.run_id, w.step_path;

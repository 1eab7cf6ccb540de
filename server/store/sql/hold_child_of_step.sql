-- The child of attempt $4 of step $3 of run $2. Holds its row until the transaction ends: who ends the child waits, or is waited for.
SELECT run_id, child, parent_id, step_path, attempt, root_id, depth, finish_by, times_out, has_ended FROM carillon.run_child
WHERE tenant_id = $1 AND parent_id = $2 AND step_path = $3 AND attempt = $4
FOR SHARE;

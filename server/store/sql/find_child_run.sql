-- Whose step has started run $2; no row: nobody's. Locks nothing.
SELECT run_id, child, parent_id, step_path, attempt, root_id, depth, finish_by, times_out, has_ended FROM carillon.run_child
WHERE tenant_id = $1 AND run_id = $2;

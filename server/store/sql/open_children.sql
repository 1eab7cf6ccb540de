-- The children of run $2 that have not ended, in the order of their ids. Locks nothing.
SELECT run_id, child, parent_id, step_path, attempt, root_id, depth, finish_by, times_out, has_ended FROM carillon.run_child
WHERE tenant_id = $1 AND parent_id = $2 AND NOT has_ended
ORDER BY run_id;

-- Writes whose step has started run $2 (handle $3): attempt $6 of step $5 of run $4; $7 root, $8 depth, $9 until when it has to end, $10 whether that is the step's timeout.
INSERT INTO carillon.run_child (tenant_id, run_id, child, parent_id, step_path, attempt, root_id, depth, finish_by, times_out)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

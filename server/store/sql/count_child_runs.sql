-- How many runs the steps of run $2 and of the runs below it have started. Locks nothing.
SELECT count(*) AS children FROM carillon.run_child WHERE tenant_id = $1 AND root_id = $2;

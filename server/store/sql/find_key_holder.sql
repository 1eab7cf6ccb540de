-- The live run that holds a concurrency key. Locks nothing.
SELECT id FROM carillon.run_live WHERE tenant_id = $1 AND concurrency_key = $2 LIMIT 1;

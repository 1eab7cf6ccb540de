-- The payload of a run, where it is too large for the run's row.
INSERT INTO carillon.run_input (run_id, tenant_id, input) VALUES ($1, $2, $3);

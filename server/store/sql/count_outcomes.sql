-- How a tenant's runs that finished after $2 ended. Locks nothing.
SELECT outcome, count(*) AS total FROM carillon.run_history WHERE tenant_id = $1 AND finished_at > $2 GROUP BY outcome;

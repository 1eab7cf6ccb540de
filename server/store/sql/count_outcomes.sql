-- How a tenant's runs ended that finished after $2; with a snapshot $3 only those that it did not see (all after $4 are such), and with $5 only those that this one sees. Locks nothing.
SELECT outcome, count(*) AS total FROM carillon.run_history
WHERE tenant_id = $1 AND finished_at > $2
  AND ($3::pg_snapshot IS NULL OR finished_at > $4 OR carillon.is_unseen(xmin, $3::pg_snapshot))
  AND ($5::pg_snapshot IS NULL OR NOT carillon.is_unseen(xmin, $5::pg_snapshot))
GROUP BY outcome;

-- The ids of a tenant's runs that finished badly after $2, newest first; with a snapshot $3 only those that it did not see (all after $4 are such), and with $5 only those that this one sees. Locks nothing.
SELECT id FROM carillon.run_history
WHERE tenant_id = $1 AND finished_at > $2 AND outcome IN ('failed', 'unknown', 'missed')
  AND ($3::pg_snapshot IS NULL OR finished_at > $4 OR carillon.is_unseen(xmin, $3::pg_snapshot))
  AND ($5::pg_snapshot IS NULL OR NOT carillon.is_unseen(xmin, $5::pg_snapshot))
ORDER BY id DESC LIMIT $6;

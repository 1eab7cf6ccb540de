-- The ids of a tenant's runs that finished badly after $2, newest first. Locks nothing.
SELECT id FROM carillon.run_history
WHERE tenant_id = $1 AND finished_at > $2 AND outcome IN ('failed', 'unknown', 'missed') ORDER BY id DESC LIMIT $3;

-- What a tenant's targets were not told and nobody tries any more since $2, and what was tried in vain and is tried again: up to $3, newest first,
-- with how many there are. Locks nothing.
SELECT run_id, target, state, last_error, count(*) OVER () AS total FROM carillon.delivery
WHERE tenant_id = $1 AND state IN ('pending', 'failed', 'expired') AND CASE WHEN state = 'pending' THEN last_error IS NOT NULL ELSE settled_at > $2 END
ORDER BY run_id DESC LIMIT $3;

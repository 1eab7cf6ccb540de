-- What a tenant's targets were not told and nobody tries any more since $2, and what was tried in vain and is tried again: up to $3, newest first,
-- with how many there are; of an approval the run that asks it. Locks nothing.
SELECT coalesce(a.run_id, d.run_id) AS run_id, d.target, d.state, d.last_error, d.total
FROM (
  SELECT run_id, target, state, last_error, about, count(*) OVER () AS total FROM carillon.delivery
  WHERE tenant_id = $1 AND state IN ('pending', 'failed', 'expired') AND CASE WHEN state = 'pending' THEN last_error IS NOT NULL ELSE settled_at > $2 END
  ORDER BY run_id DESC LIMIT $3
) d
LEFT JOIN carillon.approval a ON d.about = 'approval' AND a.tenant_id = $1 AND a.id = d.run_id
ORDER BY d.run_id DESC;

-- Who has granted for a while what the step $3 of the run $2, attempt $4, asks of a person, so that it counts at $5: each name once, with the grant.
-- Locks nothing.
SELECT DISTINCT ON (g.granted_by) g.granted_by, g.grant_id
FROM carillon.approval a
JOIN carillon.run_live l ON l.tenant_id = a.tenant_id AND l.id = a.run_id
JOIN carillon.approval_grant g ON g.tenant_id = a.tenant_id AND g.task_id = l.task_id AND g.digest = a.digest AND g.message = a.message
WHERE a.tenant_id = $1 AND a.run_id = $2 AND a.step_path = $3 AND a.attempt = $4 AND 'person' = ANY (a.deciders)
  AND g.revoked_at IS NULL AND g.expires_at > $5
ORDER BY g.granted_by, g.grant_id;

-- What live runs of the tenant $1 wait to be approved, with who has agreed so far: up to $2, those that expire first before the others. Locks nothing.
SELECT a.run_id, a.step_path, a.attempt, a.message, a.arguments, a.digest, a.deciders, a.quorum, a.on_expiry, a.on_reject, a.expires_at,
       a.asked_at, a.outcome, a.decided_at, a.decided_by,
       ARRAY(SELECT v.voter FROM carillon.approval_vote v
             WHERE v.tenant_id = a.tenant_id AND v.run_id = a.run_id AND v.step_path = a.step_path AND v.attempt = a.attempt
             ORDER BY v.at, v.voter) AS agreed,
       count(*) OVER () AS total
FROM carillon.approval a
JOIN carillon.run_live l ON l.tenant_id = a.tenant_id AND l.id = a.run_id
WHERE a.tenant_id = $1 AND a.outcome IS NULL
ORDER BY a.expires_at, a.asked_at, a.run_id, a.step_path
LIMIT $2;

-- The approval $2 of the tenant $1, with who has agreed so far, and whether it can still be decided: its run is live. Locks nothing.
SELECT a.run_id, a.step_path, a.attempt, a.message, a.arguments, a.digest, a.deciders, a.quorum, a.on_expiry, a.on_reject, a.expires_at,
       a.asked_at, a.outcome, a.decided_at, a.decided_by,
       ARRAY(SELECT v.voter FROM carillon.approval_vote v
             WHERE v.tenant_id = a.tenant_id AND v.run_id = a.run_id AND v.step_path = a.step_path AND v.attempt = a.attempt
             ORDER BY v.at, v.voter) AS agreed
FROM carillon.approval a
JOIN carillon.run_live l ON l.tenant_id = a.tenant_id AND l.id = a.run_id
WHERE a.tenant_id = $1 AND a.id = $2 AND a.outcome IS NULL;

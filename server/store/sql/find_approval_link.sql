-- What the link with the hash $1 leads to, of any tenant. Locks nothing.
SELECT k.tenant_id, k.holder, k.used_at, a.run_id, a.step_path, a.attempt, a.message, a.arguments, a.digest, a.deciders, a.quorum, a.on_expiry,
       a.on_reject, a.expires_at, a.asked_at, a.outcome, a.decided_at, a.decided_by,
       ARRAY(SELECT v.voter FROM carillon.approval_vote v
             WHERE v.tenant_id = a.tenant_id AND v.run_id = a.run_id AND v.step_path = a.step_path AND v.attempt = a.attempt
             ORDER BY v.at, v.voter) AS agreed
FROM carillon.approval_link k
JOIN carillon.approval a ON a.tenant_id = k.tenant_id AND a.run_id = k.run_id AND a.step_path = k.step_path AND a.attempt = k.attempt
WHERE k.hash = $1;

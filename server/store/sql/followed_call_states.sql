-- How the followed calls of tenants $1 and ids $2 (pairwise) stand: the run's state, whether it was asked to stop, how far it says that it is, what
-- it asks, whether the call was taken back. Locks nothing.
SELECT c.tenant_id, c.call_id, coalesce(h.outcome, l.state, 'queued') AS state,
       l.cancel_requested_at IS NOT NULL AS stopping, c.cancelled_at IS NOT NULL AS cancelled,
       coalesce(md5(l.progress), '') AS progress,
       coalesce((SELECT string_agg(q.question_key, ' ' ORDER BY q.question_key) FROM carillon.run_question q
                 WHERE q.tenant_id = l.tenant_id AND q.run_id = l.id AND q.attempt = l.attempt AND q.closed_at IS NULL),
                '')
         || coalesce((SELECT string_agg(a.step_path || ':' || a.attempt, ' ' ORDER BY a.step_path, a.attempt) FROM carillon.approval a
                      WHERE a.tenant_id = l.tenant_id AND a.run_id = l.id AND a.outcome IS NULL), '') AS asks
FROM unnest($1::text[], $2::text[]) AS asked (tenant_id, call_id)
JOIN carillon.followed_call c ON c.tenant_id = asked.tenant_id AND c.call_id = asked.call_id
LEFT JOIN carillon.run_live l ON l.id = c.run_id
LEFT JOIN carillon.run_history h ON h.id = c.run_id;

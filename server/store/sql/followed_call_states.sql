-- How the followed calls of tenants $1 and ids $2 (pairwise) stand: the run's state, whether it was asked to stop, whether the call was taken back. Locks nothing.
SELECT c.tenant_id, c.call_id, coalesce(h.outcome, l.state, 'queued') AS state,
       l.cancel_requested_at IS NOT NULL AS stopping, c.cancelled_at IS NOT NULL AS cancelled
FROM unnest($1::text[], $2::text[]) AS asked (tenant_id, call_id)
JOIN carillon.followed_call c ON c.tenant_id = asked.tenant_id AND c.call_id = asked.call_id
LEFT JOIN carillon.run_live l ON l.id = c.run_id
LEFT JOIN carillon.run_history h ON h.id = c.run_id;

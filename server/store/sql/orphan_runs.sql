-- At most $1 children of all tenants that go on although their parents have ended, and whose end nobody has asked for yet. Locks nothing.
SELECT c.tenant_id, c.run_id FROM carillon.run_child c
WHERE NOT c.has_ended
  AND EXISTS (SELECT FROM carillon.run_history h WHERE h.id = c.parent_id AND h.tenant_id = c.tenant_id)
  AND NOT EXISTS (SELECT FROM carillon.run_live l WHERE l.id = c.run_id AND l.cancel_requested_at IS NOT NULL)
ORDER BY c.run_id
LIMIT $1;

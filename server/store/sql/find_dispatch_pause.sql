-- The kill switch of a tenant, if it is on. Locks nothing.
SELECT reason, paused_by, paused_at, until FROM carillon.dispatch_pause WHERE tenant_id = $1;

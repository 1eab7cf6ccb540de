-- Releases the kill switch of a tenant.
DELETE FROM carillon.dispatch_pause WHERE tenant_id = $1 RETURNING tenant_id;

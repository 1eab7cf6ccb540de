-- Tenants whose kill switch ends by $1. Locks nothing.
SELECT tenant_id FROM carillon.dispatch_pause WHERE until <= $1;

-- Behind which number the tenant's new entries begin; no row: at the beginning. Locks nothing.
SELECT last_number FROM carillon.state_floor WHERE tenant_id = $1;

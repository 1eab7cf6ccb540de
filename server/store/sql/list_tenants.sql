-- Every tenant. Cross-tenant; locks nothing.
SELECT tenant_id FROM auth.tenant ORDER BY tenant_id;

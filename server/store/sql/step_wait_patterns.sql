-- The patterns by which steps of the tenant wait for events. Locks nothing.
SELECT DISTINCT event_pattern FROM carillon.step_wait WHERE tenant_id = $1 AND event_pattern IS NOT NULL;

-- The patterns by which living tasks of the tenant wait for events. Locks nothing.
SELECT DISTINCT anchor FROM carillon.task_source WHERE tenant_id = $1 AND source = 'event';

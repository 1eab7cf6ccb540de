-- How many runs had caused one another when run $2 of the trace $3 was started; no row: there is no such run. Locks nothing.
SELECT coalesce(c.depth, 0) AS depth
FROM (SELECT id FROM carillon.run_live WHERE tenant_id = $1 AND id = $2 AND correlation_id = $3
      UNION ALL
      SELECT id FROM carillon.run_history WHERE tenant_id = $1 AND id = $2 AND correlation_id = $3) r
LEFT JOIN carillon.run_cause c ON c.run_id = r.id
LIMIT 1;

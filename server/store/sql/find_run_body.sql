-- What is shown of a single run only: payload (of run_input where the row holds zero bytes), output, progress, and what it
-- has cost so far. Locks nothing.
SELECT CASE WHEN b.payload = '' THEN i.input ELSE b.payload END AS payload,
       coalesce(b.output, o.output) AS output, b.output_bytes, b.output_cut, b.progress,
       b.output IS NULL AND o.output IS NULL AND coalesce(b.output_bytes, 0) > 0 AS output_gone,
       round(coalesce(b.cost, (SELECT sum(e.cost) FROM carillon.effect_journal e WHERE e.tenant_id = $1 AND e.run_id = b.id))
             * 1000000)::bigint AS micro_dollars
FROM (
  SELECT id, payload, NULL::bytea AS output, NULL::bigint AS output_bytes, false AS output_cut, NULL::bytea AS progress,
         NULL::numeric AS cost
  FROM carillon.run_ready WHERE tenant_id = $1 AND id = $2
  UNION ALL
  SELECT id, payload, NULL, NULL, false, progress, NULL FROM carillon.run_live WHERE tenant_id = $1 AND id = $2
  UNION ALL
  SELECT id, payload, output, output_bytes, output_cut, NULL, cost FROM carillon.run_history WHERE tenant_id = $1 AND id = $2
) b
LEFT JOIN carillon.run_input i ON i.run_id = b.id AND i.tenant_id = $1
LEFT JOIN carillon.run_output o ON o.run_id = b.id AND o.tenant_id = $1;

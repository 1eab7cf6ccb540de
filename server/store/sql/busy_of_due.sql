-- How many runs of tasks ($1 tenant, $2 task) are live and queued; queued ones are looked for in the shards $3, without those held after an outage (run_at $4). Locks nothing.
SELECT b.tenant_id, b.task_id, count(*) FILTER (WHERE b.live), count(*) FILTER (WHERE NOT b.live)
FROM (
  SELECT tenant_id, task_id, true AS live FROM carillon.run_live
  WHERE (tenant_id, task_id) IN (SELECT * FROM unnest($1::text[], $2::bigint[]))
  UNION ALL
  SELECT tenant_id, task_id, false FROM carillon.run_ready
  WHERE shard = ANY ($3::smallint[]) AND run_at <> $4::timestamptz AND (tenant_id, task_id) IN (SELECT * FROM unnest($1::text[], $2::bigint[]))
) b
GROUP BY b.tenant_id, b.task_id;

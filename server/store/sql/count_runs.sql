-- How many runs all pages of list_runs have, with the same filters, counted up to $9. Locks nothing.
SELECT count(*) AS total FROM (
  (SELECT 1 FROM carillon.run_ready r
   WHERE r.tenant_id = $1
      AND ($2::bigint IS NULL OR r.task_id = $2)
      AND ($3::text[] IS NULL OR 'queued' = ANY ($3))
      AND ($4::text IS NULL OR r.task_id IN (SELECT w.task_id FROM carillon.task w WHERE w.tenant_id = $1 AND w.tags @> ARRAY[$4]))
      AND ($10::bigint IS NULL OR r.task_id IN (SELECT w.task_id FROM carillon.task w WHERE w.tenant_id = $1 AND w.pipeline_id = $10))
      AND ($10::bigint IS NOT NULL OR $11::bigint[] IS NOT NULL OR r.origin <> 'step')
      AND ($5::text IS NULL OR r.agent_id = $5)
      AND ($6::text IS NULL OR NULL::text = $6)
      AND ($7::bigint IS NULL OR r.id >= $7)
      AND ($8::bigint IS NULL OR r.id < $8)
      AND ($11::bigint[] IS NULL OR r.id = ANY ($11))
   LIMIT $9)
  UNION ALL
  (SELECT 1 FROM carillon.run_live r
   WHERE r.tenant_id = $1
      AND ($2::bigint IS NULL OR r.task_id = $2)
      AND ($3::text[] IS NULL OR r.state = ANY ($3))
      AND ($4::text IS NULL OR r.task_id IN (SELECT w.task_id FROM carillon.task w WHERE w.tenant_id = $1 AND w.tags @> ARRAY[$4]))
      AND ($10::bigint IS NULL OR r.task_id IN (SELECT w.task_id FROM carillon.task w WHERE w.tenant_id = $1 AND w.pipeline_id = $10))
      AND ($10::bigint IS NOT NULL OR $11::bigint[] IS NOT NULL OR r.origin <> 'step')
      AND ($5::text IS NULL OR r.agent_id = $5)
      AND ($6::text IS NULL OR NULL::text = $6)
      AND ($7::bigint IS NULL OR r.id >= $7)
      AND ($8::bigint IS NULL OR r.id < $8)
      AND ($11::bigint[] IS NULL OR r.id = ANY ($11))
   LIMIT $9)
  UNION ALL
  (SELECT 1 FROM carillon.run_history r
   WHERE r.tenant_id = $1
      AND ($2::bigint IS NULL OR r.task_id = $2)
      AND ($3::text[] IS NULL OR r.outcome = ANY ($3))
      AND ($4::text IS NULL OR r.task_id IN (SELECT w.task_id FROM carillon.task w WHERE w.tenant_id = $1 AND w.tags @> ARRAY[$4]))
      AND ($10::bigint IS NULL OR r.task_id IN (SELECT w.task_id FROM carillon.task w WHERE w.tenant_id = $1 AND w.pipeline_id = $10))
      AND ($10::bigint IS NOT NULL OR $11::bigint[] IS NOT NULL OR r.origin <> 'step')
      AND ($5::text IS NULL OR r.agent_id = $5)
      AND ($6::text IS NULL OR r.error_class = $6)
      AND ($7::bigint IS NULL OR r.id >= $7)
      AND ($8::bigint IS NULL OR r.id < $8)
      AND ($11::bigint[] IS NULL OR r.id = ANY ($11))
   LIMIT $9)
  LIMIT $9
) runs;

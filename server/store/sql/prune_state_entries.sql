-- Forgets up to $2 entries of which nothing is left since before $1; their tenants' new entries go on behind their numbers. Locks the rows it deletes.
WITH over AS MATERIALIZED (
  SELECT tenant_id, namespace, key FROM carillon.state_entry
  WHERE ends_at < $1::timestamptz
  ORDER BY ends_at
  LIMIT $2::bigint
  FOR UPDATE SKIP LOCKED
),
gone AS (
  DELETE FROM carillon.state_entry WHERE (tenant_id, namespace, key) IN (SELECT tenant_id, namespace, key FROM over)
  RETURNING tenant_id, last_number
),
floors AS (
  INSERT INTO carillon.state_floor (tenant_id, last_number)
  SELECT tenant_id, max(last_number) FROM gone GROUP BY tenant_id ORDER BY tenant_id
  ON CONFLICT (tenant_id) DO UPDATE SET last_number = greatest(carillon.state_floor.last_number, excluded.last_number)
)
SELECT count(*) AS pruned FROM gone;

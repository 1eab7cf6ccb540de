-- Forgets up to $2 children from before $1, whose records are gone. Locks the rows it deletes.
DELETE FROM carillon.run_child
WHERE (tenant_id, run_id) IN (
  SELECT tenant_id, run_id FROM carillon.run_child
  WHERE has_ended AND run_id < carillon.first_run_id($1::timestamptz) ORDER BY run_id LIMIT $2::bigint
);

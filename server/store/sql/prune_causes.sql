-- Forgets up to $2 causes of runs from before $1, whose records are gone. Locks the rows it deletes.
DELETE FROM carillon.run_cause
WHERE run_id IN (
  SELECT run_id FROM carillon.run_cause WHERE run_id < carillon.first_run_id($1::timestamptz) ORDER BY run_id LIMIT $2::bigint
);

-- Where the looks of a task stand. Locks nothing.
SELECT place, next_look_at, looks, looked_at, failures, coalesce(last_error, '') AS last_error
FROM carillon.condition WHERE tenant_id = $1 AND task_id = $2 ORDER BY place;

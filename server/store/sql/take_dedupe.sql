-- Takes a dedupe key for run $4 at $3, unless it was taken less than $5 before: then no row.
INSERT INTO carillon.dedupe AS d (tenant_id, dedupe_key, started_at, run_id) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, dedupe_key) DO UPDATE SET started_at = excluded.started_at, run_id = excluded.run_id
WHERE d.started_at <= excluded.started_at - $5::interval
RETURNING run_id;

-- A call that its client follows from now on by the id $2. $5 is its run, or null where $7 is its answer already.
INSERT INTO carillon.followed_call (tenant_id, call_id, agent_id, tool, run_id, shape, answer, keep_for, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5::bigint, $6, $7, $8::interval, $9::timestamptz, $9::timestamptz + $8::interval);

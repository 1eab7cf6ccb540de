-- How many runs of some tasks ($2 null: of all) are queued (without those held after an outage, run_at $3), running and waiting. Locks nothing.
SELECT (SELECT count(*) FROM carillon.run_ready WHERE tenant_id = $1 AND ($2::bigint[] IS NULL OR task_id = ANY ($2))
                                                  AND run_at <> $3::timestamptz) AS queued,
       (SELECT count(*) FROM carillon.run_live WHERE tenant_id = $1 AND ($2::bigint[] IS NULL OR task_id = ANY ($2))
                                                 AND state = 'running') AS running,
       (SELECT count(*) FROM carillon.run_live WHERE tenant_id = $1 AND ($2::bigint[] IS NULL OR task_id = ANY ($2))
                                                 AND state = 'waiting') AS waiting;

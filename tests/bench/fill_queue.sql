-- Puts $4 runs of task $2 ($1: tenant, $3: version) into run_ready, due now, numbered after what is there.
WITH state AS (
  UPDATE carillon.schedule_state SET next_number = next_number + $4::int
  WHERE tenant_id = $1::text AND task_id = $2::bigint
  RETURNING shard, next_number - $4::int AS first
)
INSERT INTO carillon.run_ready (shard, priority, run_at, id, tenant_id, task_id, task_version, number, retry, attempt,
                                takeovers, slot, origin, agent_id, correlation_id, folded)
SELECT shard, 5, now(), (extract(epoch FROM clock_timestamp() - timestamptz '2026-01-01 00:00:00+00') * 1000)::bigint * 4194304 + n,
       $1::text, $2::bigint, $3::int, first + n, 1, 0, 0, NULL, 'run_now', 'owner', 'bench', 0
FROM state, generate_series(0, $4::int - 1) AS n

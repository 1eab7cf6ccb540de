-- How a task's runs made since id $3 ended, and how long and how late they were (microseconds), and what they cost
-- (millionths of a US dollar). Locks nothing.
SELECT count(*) FILTER (WHERE outcome = 'succeeded') AS succeeded,
       count(*) FILTER (WHERE outcome = 'failed') AS failed,
       count(*) FILTER (WHERE outcome = 'unknown') AS unknown,
       count(*) FILTER (WHERE outcome = 'missed') AS missed,
       count(*) FILTER (WHERE outcome = 'skipped') AS skipped,
       (extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY finished_at - started_at)) * 1000000)::bigint AS p50,
       (extract(epoch FROM percentile_cont(0.95) WITHIN GROUP (ORDER BY finished_at - started_at)) * 1000000)::bigint AS p95,
       (extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY late_by) FILTER (WHERE origin = 'schedule')) * 1000000)::bigint AS late_p50,
       (extract(epoch FROM percentile_cont(0.95) WITHIN GROUP (ORDER BY late_by) FILTER (WHERE origin = 'schedule')) * 1000000)::bigint AS late_p95,
       coalesce(round(sum(cost) * 1000000), 0)::bigint AS micro_dollars
FROM carillon.run_history WHERE tenant_id = $1 AND task_id = $2 AND id >= $3;

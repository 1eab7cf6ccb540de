-- One run of a tenant by its id, wherever it is. Locks nothing.
WITH page AS (
  (SELECT r.id, r.task_id, r.task_version, r.number, r.retry, r.attempt, r.takeovers, r.slot, NULL::timestamptz AS slot_until,
         r.folded, r.run_at, NULL::timestamptz AS started_at, NULL::timestamptz AS finished_at, NULL::interval AS late_by,
         r.origin, r.agent_id, r.correlation_id, 'queued' AS state, NULL::text AS error_class, NULL::text AS error_message,
         r.reason, r.shard, r.priority, r.concurrency_key, r.key_width, r.expires_at, r.cancel_requested_at,
         r.cancel_reason, NULL::text AS call_state, r.undoes, NULL::boolean AS compensated,
         r.paused_by, r.pause_reason, r.paused_until, r.resumes_at
   FROM carillon.run_ready r
   WHERE r.tenant_id = $1 AND r.id = $2)
  UNION ALL
  (SELECT r.id, r.task_id, r.task_version, r.number, r.retry, r.attempt, r.takeovers, r.slot, NULL::timestamptz,
         r.folded, r.run_at, r.started_at, NULL::timestamptz, r.started_at - r.run_at,
         r.origin, r.agent_id, r.correlation_id, r.state, NULL::text, NULL::text,
         r.reason, r.shard, r.priority, r.concurrency_key, r.key_width, r.expires_at, r.cancel_requested_at,
         r.cancel_reason, r.call_state, r.undoes, NULL::boolean,
         r.paused_by, r.pause_reason, r.paused_until, NULL::timestamptz
   FROM carillon.run_live r
   WHERE r.tenant_id = $1 AND r.id = $2)
  UNION ALL
  (SELECT r.id, r.task_id, r.task_version, r.number, r.retry, r.attempt, r.takeovers, r.slot, r.slot_until,
         r.folded, r.run_at, r.started_at, r.finished_at, r.late_by,
         r.origin, r.agent_id, r.correlation_id, r.outcome, r.error_class, r.error_message,
         r.reason, NULL::smallint, NULL::smallint, NULL::text, NULL::smallint, NULL::timestamptz, NULL::timestamptz,
         NULL::text, NULL::text, false, r.compensated,
         NULL::text, NULL::text, NULL::timestamptz, NULL::timestamptz
   FROM carillon.run_history r
   WHERE r.tenant_id = $1 AND r.id = $2)
)
SELECT p.id, p.task_id, p.task_version, p.number, p.retry, p.attempt, p.takeovers, p.slot, p.slot_until, p.folded, p.run_at,
       p.started_at, p.finished_at, (extract(epoch FROM p.late_by) * 1000000)::bigint AS late_by, p.origin, p.agent_id,
       p.correlation_id, p.state, p.error_class, p.error_message, p.reason, p.shard, p.priority, p.concurrency_key, p.key_width,
       p.expires_at, p.cancel_requested_at, p.cancel_reason, p.call_state, p.undoes, p.compensated, p.paused_by, p.pause_reason, p.paused_until, p.resumes_at, t.name AS task_name, t.zone
FROM page p JOIN carillon.task t ON t.tenant_id = $1 AND t.task_id = p.task_id;

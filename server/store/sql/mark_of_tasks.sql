-- A text for each of some tasks ($1 tenants, $2 ids) that differs whenever the task, its next times or its latest runs differ. Locks nothing.
WITH live AS MATERIALIZED (
  SELECT tenant_id, task_id, count(*) AS runs, sum(id) AS ids FROM carillon.run_live
  WHERE task_id = ANY ($2::bigint[]) GROUP BY tenant_id, task_id
)
SELECT w.tenant_id, w.task_id,
  md5(concat_ws(' ', t.version, t.state, t.updated_at, t.deleted_at, t.paused_until, s.last_slot, s.next_fire_at, o.said,
                l.runs, l.ids, h.latest)) AS mark
FROM unnest($1::text[], $2::bigint[]) AS w(tenant_id, task_id)
JOIN carillon.task t USING (tenant_id, task_id)
JOIN carillon.schedule_state s USING (tenant_id, task_id)
LEFT JOIN live l USING (tenant_id, task_id)
LEFT JOIN LATERAL (
  SELECT string_agg(concat_ws(' ', slot, moved_to), ' ' ORDER BY slot) AS said FROM carillon.slot_override
  WHERE tenant_id = w.tenant_id AND task_id = w.task_id AND slot > s.last_slot
) o ON true
LEFT JOIN LATERAL (
  SELECT string_agg(concat_ws(' ', id, outcome), ' ' ORDER BY id) AS latest FROM (
    SELECT id, outcome FROM carillon.run_history
    WHERE tenant_id = w.tenant_id AND task_id = w.task_id ORDER BY id DESC LIMIT 5) AS newest
) h ON true;

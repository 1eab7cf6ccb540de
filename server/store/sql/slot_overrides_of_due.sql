-- What was said about single slots of tasks ($1 tenant, $2 task) after their last slot ($3) and until $4. Locks nothing.
SELECT o.task_id, o.tenant_id, o.slot, o.moved_to, o.reason
FROM unnest($1::text[], $2::bigint[], $3::timestamptz[]) AS i(tenant_id, task_id, last_slot)
JOIN carillon.slot_override o ON o.tenant_id = i.tenant_id AND o.task_id = i.task_id
WHERE o.slot > i.last_slot AND o.slot <= $4::timestamptz
ORDER BY o.task_id, o.slot;

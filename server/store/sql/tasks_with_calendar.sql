-- The tasks that use a calendar, those that were deleted softly too, by id: everybody locks in this order. Locks nothing.
SELECT task_id, name, deleted_at IS NULL AS living FROM carillon.task
WHERE tenant_id = $1 AND calendars @> ARRAY[$2::text] AND calendars <> '{}' ORDER BY task_id;

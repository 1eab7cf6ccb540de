-- Forgets up to $2 events from before $1 that no task has still to answer. Locks the rows it deletes.
DELETE FROM carillon.event
WHERE (tenant_id, event_id) IN (
  SELECT e.tenant_id, e.event_id FROM carillon.event e
  WHERE e.at < $1::timestamptz
    AND NOT EXISTS (SELECT FROM carillon.cue c WHERE c.tenant_id = e.tenant_id AND c.event_id = e.event_id)
  ORDER BY e.at
  LIMIT $2::bigint
  FOR UPDATE SKIP LOCKED
);

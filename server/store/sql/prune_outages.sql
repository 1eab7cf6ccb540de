-- Forgets up to $2 outages that were told before $1. Locks the rows it deletes.
DELETE FROM carillon.outage
WHERE outage_id IN (SELECT outage_id FROM carillon.outage WHERE told_by < $1::timestamptz ORDER BY told_by LIMIT $2::bigint FOR UPDATE SKIP LOCKED);

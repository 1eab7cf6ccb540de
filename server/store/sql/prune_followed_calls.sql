-- Forgets up to $2 followed calls that have been kept long enough at $1: since they were made, and since their run ended. One whose run has not ended stays. Locks the rows it deletes.
DELETE FROM carillon.followed_call
WHERE (tenant_id, call_id) IN (
  SELECT c.tenant_id, c.call_id FROM carillon.followed_call c
  WHERE c.expires_at < $1::timestamptz
    AND NOT EXISTS (SELECT FROM carillon.run_live l WHERE l.id = c.run_id)
    AND NOT EXISTS (SELECT FROM carillon.run_ready r WHERE r.id = c.run_id)
    AND NOT EXISTS (SELECT FROM carillon.run_history h WHERE h.id = c.run_id AND h.finished_at >= $1::timestamptz - c.keep_for)
  LIMIT $2::bigint
  FOR UPDATE SKIP LOCKED
);

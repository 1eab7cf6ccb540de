-- Deliveries of outages that ended before $2 are due at $1, where no more ends are to come: of their tenant no slot of the outage has still to be
-- fired and none is queued or running, but those that are held until $3. Locks them.
UPDATE carillon.delivery d SET due_at = $1::timestamptz
FROM carillon.outage o
WHERE o.outage_id = d.outage_id AND d.state = 'pending' AND d.tried_at IS NULL AND d.due_at = o.told_by
  AND o.told_by > $1::timestamptz AND o.ended_at < $2::timestamptz
  AND NOT EXISTS (SELECT FROM carillon.schedule_state s
                  WHERE s.tenant_id = d.tenant_id AND s.next_fire_at <= o.ended_at)
  AND NOT EXISTS (SELECT FROM carillon.run_ready r
                  WHERE r.tenant_id = d.tenant_id AND r.origin = 'schedule' AND r.slot > o.began_at AND r.slot <= o.ended_at
                    AND r.run_at < $3::timestamptz)
  AND NOT EXISTS (SELECT FROM carillon.run_live l
                  WHERE l.tenant_id = d.tenant_id AND l.origin = 'schedule' AND l.slot > o.began_at AND l.slot <= o.ended_at);

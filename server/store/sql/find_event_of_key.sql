-- The event of type $2 that was told with the key $3. Locks nothing.
SELECT event_id FROM carillon.event WHERE tenant_id = $1 AND event_type = $2 AND event_key = $3;

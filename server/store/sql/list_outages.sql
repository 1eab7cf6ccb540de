-- Outages whose ends were still gathered after $1, the newest $2. Locks nothing.
SELECT began_at, ended_at, kind FROM carillon.outage
WHERE told_by > $1::timestamptz
ORDER BY outage_id DESC LIMIT $2;

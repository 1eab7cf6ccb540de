-- A waiting run is looked at by a worker at once. No row: it does not wait.
UPDATE carillon.run_live SET wake_at = '-infinity'
WHERE tenant_id = $1 AND id = $2 AND state = 'waiting'
RETURNING shard;

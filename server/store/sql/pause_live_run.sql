-- A live run begins no step until somebody resumes it, or until $5; $3 by whom, $4 why. One that undoes what it did goes on. No row: it is not live.
UPDATE carillon.run_live SET paused_by = $3, pause_reason = $4, paused_until = $5
WHERE tenant_id = $1 AND id = $2 AND NOT undoes
RETURNING shard;

-- Makes a queued run due at $6. No row: it is not queued any more, or was moved meanwhile.
UPDATE carillon.run_ready SET run_at = $6
WHERE shard = $1 AND priority = $2 AND run_at = $3 AND id = $4 AND tenant_id = $5
RETURNING id;

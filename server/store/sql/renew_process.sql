-- Renews the lease of instance $1 on process slot $2 for $3. No row: somebody else has it.
UPDATE carillon.process SET heartbeat_at = clock_timestamp(), expires_at = clock_timestamp() + $3::interval
WHERE slot = $2::smallint AND instance = $1
RETURNING slot;

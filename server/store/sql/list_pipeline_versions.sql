-- The versions of a pipeline without what they say, the newest first, at most $3. Locks nothing.
SELECT version, encode(substring(checksum FOR 6), 'hex') AS checksum, created_at, created_by
FROM carillon.pipeline_version
WHERE tenant_id = $1 AND task_id = $2
ORDER BY version DESC
LIMIT $3;

-- A value that is being replaced, kept until $8; of earlier ones the last $9 stay. Locks the rows it deletes.
WITH trimmed AS (
  DELETE FROM carillon.state_version
  WHERE tenant_id = $1 AND namespace = $2 AND key = $3 AND version <= (
    SELECT version FROM carillon.state_version
    WHERE tenant_id = $1 AND namespace = $2 AND key = $3 ORDER BY version DESC OFFSET $9::bigint LIMIT 1)
)
INSERT INTO carillon.state_version (tenant_id, namespace, key, version, value, changed_at, changed_by, kept_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

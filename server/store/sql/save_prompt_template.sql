-- The next version of a prompt template, unless the latest one is of the same text ($7). No version and not the same: somebody else wrote that version just now. Waits for whoever writes it.
WITH latest AS (
  SELECT version, checksum FROM carillon.prompt_template WHERE tenant_id = $1 AND name = $2 ORDER BY version DESC LIMIT 1
), written AS (
  INSERT INTO carillon.prompt_template (tenant_id, name, version, description, template_body, parameters, retired, checksum, created_at)
  SELECT $1, $2, coalesce((SELECT version FROM latest), 0) + 1, $3, $4, $5, $6, sha256($7), $8
  WHERE (SELECT checksum FROM latest) IS DISTINCT FROM sha256($7)
  ON CONFLICT (tenant_id, name, version) DO NOTHING
  RETURNING version
)
SELECT (SELECT version FROM written) AS version, coalesce((SELECT checksum FROM latest) = sha256($7), false) AS same;

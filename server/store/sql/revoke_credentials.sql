-- Ends the token $3 of the holder $2, or all of his where $3 is null, at $4; those that have ended stay as they are.
UPDATE auth.credential SET revoked_at = $4
WHERE tenant_id = $1 AND agent_id = $2 AND ($3::text IS NULL OR credential_id = $3) AND revoked_at IS NULL
RETURNING credential_id;

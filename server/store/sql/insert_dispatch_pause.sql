-- Throws the kill switch of a tenant; the last one to throw it says why and until when.
INSERT INTO carillon.dispatch_pause (tenant_id, reason, paused_by, paused_at, until) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id) DO UPDATE
SET reason = excluded.reason, paused_by = excluded.paused_by, paused_at = excluded.paused_at, until = excluded.until;

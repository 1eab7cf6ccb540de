UPDATE carillon.run_ready SET run_at = resumes_at WHERE paused_by IS NOT NULL;
ALTER TABLE carillon.run_ready DROP COLUMN resumes_at, DROP COLUMN paused_until, DROP COLUMN pause_reason, DROP COLUMN paused_by;
ALTER TABLE carillon.run_live DROP COLUMN paused_until, DROP COLUMN pause_reason, DROP COLUMN paused_by;

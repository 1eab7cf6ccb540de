-- A run that somebody has paused: it begins no step, and is not claimed, until it is resumed or paused_until has come.
ALTER TABLE carillon.run_live ADD COLUMN paused_by text, ADD COLUMN pause_reason text, ADD COLUMN paused_until timestamptz;
-- A queued one is due when the pause ends (infinity: when somebody ends it), and was due at resumes_at.
ALTER TABLE carillon.run_ready ADD COLUMN paused_by text, ADD COLUMN pause_reason text, ADD COLUMN paused_until timestamptz,
  ADD COLUMN resumes_at timestamptz, ADD CONSTRAINT run_ready_resumes CHECK ((paused_by IS NULL) = (resumes_at IS NULL));

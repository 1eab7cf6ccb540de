-- A live run that ends only when what it did is undone: somebody asked for it, or its worker found that it has failed or is too late.
ALTER TABLE carillon.run_live ADD COLUMN undoes boolean NOT NULL DEFAULT false;

-- The same while it is queued again, with what was asked of it.
ALTER TABLE carillon.run_ready
  ADD COLUMN cancel_requested_at timestamptz,
  ADD COLUMN cancel_reason text,
  ADD COLUMN undoes boolean NOT NULL DEFAULT false;

-- Whether all of it was undone; null: nothing was to be.
ALTER TABLE carillon.run_history ADD COLUMN compensated boolean;

-- A run that is repeated from a step has rows of what it did not do again: of its outermost steps, with the run that did them.
ALTER TABLE carillon.step_journal ADD COLUMN reused_from bigint;

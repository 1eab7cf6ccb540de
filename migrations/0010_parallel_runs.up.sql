-- How many runs that share a concurrency key may be live at once: one for a lock, more for a task with max_parallel.
--
-- A run carries the width of its key; a live run holds one of that many places, and no two hold the same. A program of
-- before writes neither column, so its runs have a width and a place of 1: never more at once than they should be.

ALTER TABLE carillon.run_ready ADD COLUMN key_width smallint NOT NULL DEFAULT 1 CHECK (key_width >= 1);
ALTER TABLE carillon.run_live
  ADD COLUMN key_width smallint NOT NULL DEFAULT 1 CHECK (key_width >= 1),
  ADD COLUMN key_place smallint NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX run_live_key_place ON carillon.run_live (tenant_id, concurrency_key, key_place)
  WHERE concurrency_key IS NOT NULL;
DROP INDEX carillon.run_live_one_per_key;

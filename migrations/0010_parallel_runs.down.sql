-- Runs that are live beside each other cannot stay so: only the oldest of them keeps the key.
UPDATE carillon.run_live SET concurrency_key = NULL WHERE concurrency_key IS NOT NULL AND id NOT IN (
  SELECT min(id) FROM carillon.run_live WHERE concurrency_key IS NOT NULL GROUP BY tenant_id, concurrency_key);
CREATE UNIQUE INDEX run_live_one_per_key ON carillon.run_live (tenant_id, concurrency_key)
  WHERE concurrency_key IS NOT NULL;
DROP INDEX carillon.run_live_key_place;
ALTER TABLE carillon.run_live DROP COLUMN key_width, DROP COLUMN key_place;
ALTER TABLE carillon.run_ready DROP COLUMN key_width;

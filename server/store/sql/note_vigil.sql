-- Somebody watches the schedules at $1. When nobody has for longer than $2, what lies between is an outage of the kind $3 whose ends are gathered for
-- $4. Gives when it began; no row: there was none. Locks the vigil's row; waits for another watcher.
WITH before AS MATERIALIZED (
  SELECT v.seen_at FROM carillon.vigil v FOR UPDATE
),
seen AS (
  INSERT INTO carillon.vigil AS v (seen_at)
  SELECT greatest($1::timestamptz, max(before.seen_at)) FROM before
  ON CONFLICT (one) DO UPDATE SET seen_at = excluded.seen_at
)
INSERT INTO carillon.outage (began_at, ended_at, kind, told_by)
SELECT before.seen_at, $1::timestamptz, $3, $1::timestamptz + $4::interval FROM before
WHERE before.seen_at < $1::timestamptz - $2::interval
RETURNING began_at;

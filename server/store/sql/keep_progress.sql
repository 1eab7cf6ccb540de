-- Notes how far the calls of live runs have come ($5), for those that $1 still leases by ($2 id, $3 epoch, $4 attempt). Asynchronous commit:
-- the next report says more.
-- BETWEEN: see settle_runs.
WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)),
input AS (
  SELECT i.* FROM quick, unnest($2::bigint[], $3::bigint[], $4::integer[], $5::text[]) AS i(id, epoch, attempt, progress)
  ORDER BY i.id
)
UPDATE carillon.run_live l SET progress = convert_to(i.progress, 'UTF8')
FROM input i
WHERE l.id BETWEEN i.id AND i.id AND l.epoch = i.epoch AND l.attempt = i.attempt AND l.owner = $1 AND l.state = 'running'
RETURNING l.id;

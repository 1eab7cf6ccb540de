-- Takes a letter until $6 at $5: of the target $2 of the tenant $1 the delivery of the run $3; with $4 = 'again' all that were tried with it, with
-- 'folded' up to $7 ends that waited with it, with 'alone' nothing else. Locks them; the turn is held.
WITH mine AS (
  SELECT d.run_id, d.taken FROM carillon.delivery d
  WHERE d.tenant_id = $1 AND d.target = $2 AND d.state = 'pending' AND d.due_at <= $5
    AND CASE $4
      WHEN 'again' THEN d.letter = (SELECT f.letter FROM carillon.delivery f
                                    WHERE f.tenant_id = $1 AND f.target = $2 AND f.run_id = $3)
      WHEN 'folded' THEN d.tried_at IS NULL AND d.held AND d.about = 'end'
      ELSE d.run_id = $3 END
  ORDER BY d.run_id
  LIMIT $7
  FOR UPDATE
),
first AS (SELECT min(run_id) AS run_id FROM mine)
UPDATE carillon.delivery d
SET letter = coalesce(d.letter, first.run_id), tried_at = coalesce(d.tried_at, $5), due_at = $6, attempts = d.attempts + 1, taken = true
FROM mine, first
WHERE d.tenant_id = $1 AND d.target = $2 AND d.run_id = mine.run_id
RETURNING d.run_id, d.letter, d.about, d.agent_id, d.attempts, mine.taken AS interrupted;

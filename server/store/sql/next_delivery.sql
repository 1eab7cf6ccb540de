-- The delivery of the kind $1 that has been due for longest at $2, and how many letters ($4 at most are looked at) its target was sent since $3:
-- how many, and when the earliest of them was tried. Locks nothing; the turn is held.
SELECT d.tenant_id, d.run_id, d.target, d.letter, d.held, d.about, u.used, u.earliest
FROM (
  SELECT tenant_id, run_id, target, letter, held, about FROM carillon.delivery
  WHERE kind = $1 AND state = 'pending' AND due_at <= $2
  ORDER BY due_at, run_id LIMIT 1
) d
CROSS JOIN LATERAL (
  SELECT count(*) AS used, min(t.tried_at) AS earliest
  FROM (
    SELECT max(tried_at) AS tried_at FROM carillon.delivery
    WHERE tenant_id = d.tenant_id AND target = d.target AND tried_at > $3
    GROUP BY letter ORDER BY 1 DESC LIMIT $4
  ) t
) u;

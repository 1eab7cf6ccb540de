-- The same as list_undelivered of all tenants since $1, by kind: how many, and the reason of the newest. Locks nothing.
SELECT kind, count(*) AS total, (array_agg(coalesce(last_error, '') ORDER BY run_id DESC))[1] AS latest FROM carillon.delivery
WHERE state IN ('pending', 'failed', 'expired') AND CASE WHEN state = 'pending' THEN last_error IS NOT NULL ELSE settled_at > $1 END
GROUP BY kind ORDER BY kind;

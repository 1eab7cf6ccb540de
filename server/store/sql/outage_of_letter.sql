-- The outage that all runs of the letter $3 to the target $2 of the tenant $1 belong to; no row: there is none. Locks nothing.
SELECT o.began_at, o.ended_at, o.kind FROM carillon.outage o
WHERE o.outage_id = (SELECT CASE WHEN count(*) = count(d.outage_id) AND count(DISTINCT d.outage_id) = 1 THEN min(d.outage_id) END
                     FROM carillon.delivery d WHERE d.tenant_id = $1 AND d.target = $2 AND d.letter = $3);

-- What the calls of runs have cost so far, in millionths of a US dollar; runs that cost nothing are left out. Locks nothing.
SELECT run_id, round(sum(cost) * 1000000)::bigint
FROM carillon.effect_journal WHERE run_id = ANY ($1::bigint[]) AND cost IS NOT NULL GROUP BY run_id;

-- Which of some runs have ended. Locks nothing.
SELECT id FROM carillon.run_history WHERE id = ANY ($1::bigint[]);

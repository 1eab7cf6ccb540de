-- Inputs of runs that were too large for the queue's row. Locks nothing.
SELECT run_id, input FROM carillon.run_input WHERE run_id = ANY ($1::bigint[]);

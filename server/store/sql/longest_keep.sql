-- How long the most patient task keeps its records and outputs, in microseconds. Locks nothing.
SELECT (extract(epoch FROM max(keep_records)) * 1000000)::bigint AS records_micros,
       (extract(epoch FROM max(keep_outputs)) * 1000000)::bigint AS outputs_micros
FROM carillon.task;

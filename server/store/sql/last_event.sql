-- The newest event there is. Locks nothing.
SELECT coalesce(max(sequence), 0) AS sequence FROM carillon.outbox;

-- Whether any task waits for something else than the clock. Locks nothing.
SELECT EXISTS (SELECT FROM carillon.task_source);

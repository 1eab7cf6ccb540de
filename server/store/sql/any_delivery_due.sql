-- Whether a delivery of the kind $1 is due at $2. Locks nothing.
SELECT EXISTS (SELECT FROM carillon.delivery WHERE kind = $1 AND state = 'pending' AND due_at <= $2) AS due;

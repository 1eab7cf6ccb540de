-- The turn to take letters of the kind $1. Locks its row; waits for whoever has it.
SELECT kind FROM carillon.delivery_turn WHERE kind = $1 FOR UPDATE;

-- First statement of every transaction: who it is for, its limits, and one way of writing times. All of it ends with the transaction. Locks nothing.
SELECT set_config('carillon.tenant', $1, true),
       set_config('statement_timeout', $2, true),
       set_config('lock_timeout', $3, true),
       set_config('idle_in_transaction_session_timeout', $4, true),
       set_config('DateStyle', 'ISO', true),
       set_config('TimeZone', 'UTC', true);

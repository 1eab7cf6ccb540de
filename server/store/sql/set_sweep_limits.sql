-- A sweep gives way: whoever it would have to wait for matters more. Ends with the transaction.
SELECT set_config('lock_timeout', '50ms', true);

-- Hands the logins' passwords to make_logins, for this transaction only. Locks nothing.
SELECT set_config('carillon.app_password', $1, true), set_config('carillon.dispatch_password', $2, true);

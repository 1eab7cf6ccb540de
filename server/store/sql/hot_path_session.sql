-- What a session of the hot path wants to be true; nothing depends on its surviving, a pooler may forget it.
SELECT set_config('statement_timeout', $1, false), set_config('application_name', $2, false);

-- What a session of the hot path wants to be true; nothing depends on its surviving, a pooler may forget it. A session plans its statements
-- while the hot tables are nearly empty and keeps the plans: whatever can be found by an index has to be, or it would read whole tables later.
SELECT set_config('statement_timeout', $1, false), set_config('application_name', $2, false),
  set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false);

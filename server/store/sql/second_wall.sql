-- Whether row-level security binds the login that asks. Locks nothing.
SELECT CASE WHEN to_regclass('carillon.task') IS NULL THEN false ELSE row_security_active('carillon.task') END AS active;

-- Whether our database is there. Locks nothing.
SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'carillon') AS exists;

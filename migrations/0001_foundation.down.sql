-- Removes everything that 0001 made. The roles stay: another database of the same server may use them.
DROP SCHEMA carillon CASCADE;
DROP SCHEMA auth CASCADE;

-- All replaced values of the key $3 in the namespace $2. Locks the rows it deletes.
DELETE FROM carillon.state_version WHERE tenant_id = $1 AND namespace = $2 AND key = $3;

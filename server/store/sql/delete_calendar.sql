-- No row: there is none of that name. Waits for whoever saves a task that uses it.
DELETE FROM carillon.calendar WHERE tenant_id = $1 AND name = $2 RETURNING name;

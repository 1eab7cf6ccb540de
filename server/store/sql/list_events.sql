-- Events of the types that the expression $2 fits (a dot stands before each word), told from $3 on and before the id $4, the last first, at
-- most $5; of the payload the first $6 bytes. Locks nothing.
SELECT e.event_id, e.event_type, e.event_key, substring(e.payload FROM 1 FOR $6::integer) AS payload,
  octet_length(e.payload) AS payload_bytes, e.source, e.cause, e.at,
  ARRAY(SELECT t.name FROM carillon.task t WHERE t.tenant_id = e.tenant_id AND t.task_id = ANY (e.tasks) ORDER BY t.name) AS tasks
FROM carillon.event e
WHERE e.tenant_id = $1 AND ($2::text IS NULL OR '.' || e.event_type ~ $2) AND e.event_id >= $3 AND e.event_id < $4
ORDER BY e.event_id DESC
LIMIT $5;

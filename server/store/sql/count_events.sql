-- How many of the first $2 events behind $1 each tenant has, and how many of them make or take a task; with the last of them and how many there are in all. Locks nothing.
WITH tail AS MATERIALIZED (
  SELECT sequence, tenant_id, event_type FROM carillon.outbox WHERE sequence > $1 ORDER BY sequence LIMIT $2
)
SELECT tenant_id, count(*) AS events,
  count(*) FILTER (WHERE event_type IN ('task.created', 'task.deleted', 'task.restored')) AS made_or_taken,
  (SELECT max(sequence) FROM tail) AS last, (SELECT count(*) FROM tail) AS total
FROM tail GROUP BY tenant_id;

-- A calendar as it stays until the end of the transaction.
SELECT name, description, (SELECT array_agg(to_char(d, 'YYYY-MM-DD') ORDER BY d) FROM unnest(days) d) AS days, updated_at,
       updated_by
FROM carillon.calendar WHERE tenant_id = $1 AND name = $2
FOR SHARE;

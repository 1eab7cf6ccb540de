-- A text for each of some keys of the shared state ($1 tenants, $2 namespaces, $3 keys) that differs whenever what is under it at $4 differs; no row
-- where there is nothing. Locks nothing.
SELECT w.tenant_id, w.namespace, w.key,
  concat_ws(' ', CASE WHEN e.version IS NOT NULL AND coalesce(e.expires_at, 'infinity') > $4::timestamptz THEN 'v' || e.version END,
                 CASE WHEN e.held_until > $4::timestamptz THEN 'l' || e.fencing || ' ' || e.held_until END) AS mark
FROM unnest($1::text[], $2::text[], $3::text[]) AS w(tenant_id, namespace, key)
JOIN carillon.state_entry e USING (tenant_id, namespace, key)
WHERE e.ends_at > $4::timestamptz;

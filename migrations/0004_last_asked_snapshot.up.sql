-- What an agent has been told by get_status, exactly: the snapshot of its last question. A run's end may be committed
-- after it was stamped; by times alone it would fall between two questions and never be told.

ALTER TABLE carillon.last_asked ADD COLUMN seen pg_snapshot;

-- Whether a kept snapshot did not see the transaction that wrote a row, from the row's xmin. That has 32 bits and gets
-- its epoch from the snapshot: right while the two are less than 2^31 transactions apart, which the caller sees to.
CREATE FUNCTION carillon.is_unseen(written_by xid, kept pg_snapshot) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT NOT pg_visible_in_snapshot(greatest(near, 0)::text::xid8, kept)
  FROM (SELECT pg_snapshot_xmax(kept)::text::bigint AS anchor) AS a,
  LATERAL (SELECT anchor + (written_by::text::bigint - anchor % 4294967296 + 6442450944) % 4294967296 - 2147483648
           AS near) AS n
$$;

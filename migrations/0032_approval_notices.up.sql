-- Approvals are told like the ends of runs: a delivery is about an end, or about an approval, whose id stands then where a
-- run's does. Both ids are made alike, so none is ever the other.
ALTER TABLE carillon.approval ADD COLUMN id bigint;
CREATE UNIQUE INDEX approval_id ON carillon.approval (tenant_id, id) WHERE id IS NOT NULL;

ALTER TABLE carillon.delivery ADD COLUMN about text NOT NULL DEFAULT 'end' CHECK (about IN ('end', 'approval'));

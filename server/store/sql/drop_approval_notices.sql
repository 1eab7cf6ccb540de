-- Who was still to be told of the approval $2 of the tenant $1 is not: there is nothing to decide. Locks the rows it deletes.
DELETE FROM carillon.delivery WHERE tenant_id = $1 AND run_id = $2 AND about = 'approval' AND state = 'pending';

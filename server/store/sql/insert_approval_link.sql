-- A link, whose token has the hash $6, to what the step $3 of the run $2, attempt $4, asks to be approved; given to $5 at $7.
INSERT INTO carillon.approval_link (hash, tenant_id, run_id, step_path, attempt, holder, made_at)
VALUES ($6, $1, $2, $3, $4, $5, $7);

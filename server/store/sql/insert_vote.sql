-- Somebody ($5, of the kind $6) agrees, at $8 and with $7 words, to the approval of the step $3 of the run $2, attempt $4; once.
INSERT INTO carillon.approval_vote (tenant_id, run_id, step_path, attempt, voter, voter_kind, comment, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (tenant_id, run_id, step_path, attempt, voter) DO NOTHING;

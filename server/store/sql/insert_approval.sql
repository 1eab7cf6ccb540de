-- Asks for an approval: of the step $3 of the run $2, attempt $4; what is asked ($5), the exact arguments ($6 JSON), who may decide ($7), how many have
-- to agree ($8), what follows when time is up ($9) or somebody refuses ($10), until when ($11), when it was asked ($12), its id ($13).
INSERT INTO carillon.approval (tenant_id, run_id, step_path, attempt, message, arguments, digest, deciders, quorum, on_expiry, on_reject,
  expires_at, asked_at, id)
VALUES ($1, $2, $3, $4, $5, $6, encode(sha256($6), 'hex'), $7, $8, $9, $10, $11, $12, $13);

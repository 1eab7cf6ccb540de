-- Asks for work: of the step $3 of the run $2, attempt $4; whose it is ($5, or empty), the prompt ($6), what belongs to it ($7 JSON), what a good answer satisfies
-- ($8), until when ($9), when it was asked ($10).
INSERT INTO carillon.work_item (tenant_id, run_id, step_path, attempt, agent, prompt, data, expect, expires_at, asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

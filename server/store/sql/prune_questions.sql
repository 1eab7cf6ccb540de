-- Deletes up to $2 questions that were closed before $1. Locks the rows it deletes.
DELETE FROM carillon.run_question
WHERE (tenant_id, run_id, question_key) IN (
  SELECT tenant_id, run_id, question_key FROM carillon.run_question WHERE closed_at < $1 AND answer IS NULL LIMIT $2);

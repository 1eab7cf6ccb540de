-- The answers that came to some questions (runs $1 and keys $2, pairwise). Locks nothing.
SELECT q.run_id, q.question_key, convert_from(q.answer, 'UTF8')
FROM unnest($1::bigint[], $2::text[]) AS i(run_id, question_key)
JOIN carillon.run_question q ON q.run_id = i.run_id AND q.question_key = i.question_key
WHERE q.answer IS NOT NULL;

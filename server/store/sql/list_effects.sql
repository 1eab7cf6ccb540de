-- The steps of some runs ($2) whose calls may have changed something outside, undos left out, each once; of the items of a map one
-- stands for all, as "label[].post". Of a run that is one call the path is empty. Locks nothing.
SELECT DISTINCT regexp_replace(step_path, '\[[0-9]+\]', '[]', 'g') AS step, tool FROM carillon.effect_journal
WHERE tenant_id = $1 AND run_id = ANY ($2::bigint[]) AND effect <> 'read' AND step_path NOT LIKE '%!undo'
ORDER BY step, tool;

-- Tells the tasks $3 of the event $2, for each with how it waits ($4), what the look at it came to ($5) and what is said to people ($6).
INSERT INTO carillon.cue (tenant_id, task_id, source, anchor, outcome, cause, told, due_at, depth, correlation_id, event_id)
SELECT e.tenant_id, i.task_id, i.source, e.event_type, i.outcome, 'event:' || e.event_id, i.told, e.at, e.depth + 1,
  e.correlation_id, e.event_id
FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[]) AS i(task_id, source, outcome, told)
JOIN carillon.event e ON e.tenant_id = $1 AND e.event_id = $2;

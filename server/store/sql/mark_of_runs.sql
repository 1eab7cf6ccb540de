-- A text for each of some runs that differs whenever the run differs, and whether it will not change any more; no row for a run that is queued. Locks nothing.
SELECT l.id, concat_ws(' ', l.state, l.attempt, l.call_state, l.call_step, l.cancel_requested_at, md5(l.progress),
         (SELECT count(*) FROM carillon.step_journal j WHERE j.run_id = l.id),
         (SELECT count(*) || '/' || count(q.closed_at) FROM carillon.run_question q
          WHERE q.tenant_id = l.tenant_id AND q.run_id = l.id)) AS mark, false AS final
FROM carillon.run_live l WHERE l.id = ANY ($1::bigint[])
UNION ALL
SELECT h.id, h.outcome, true FROM carillon.run_history h WHERE h.id = ANY ($1::bigint[]);

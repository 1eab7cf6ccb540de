// What a judge of runs of steps reads: what the database says of each run, what the server wrote down of its calls, and what was told and
// asked by those who meddled. Times are microseconds.
const micros = (column) => `round(extract(epoch FROM ${column}) * 1000000) AS`;

// definitions: the steps of each task and pipeline by its name. told: what the server wrote down. deeds: of a Teller.
// {runs, strays}: strays belong to no run that has ended.
export function evidence(cluster, { definitions, told, deeds }) {
  const list = (sql) => JSON.parse(cluster.ask(`SELECT coalesce(json_agg(r), '[]') FROM (${sql}) r`));
  const runs = runsOf(list, definitions);
  const handles = new Map([...runs.values()].map((run) => [`${run.name}#${run.number}`, run]));
  const strays = [];
  const give = (id, what, row) => (runs.has(id) ? runs.get(id)[what].push(row) : strays.push({ what, id, ...row }));
  for (const row of list(`SELECT run_id::text AS run, step_path AS path, attempt, state, error_class, error_message, convert_from(output, 'UTF8') AS output, ${micros("started_at")} started,
    ${micros("finished_at")} finished FROM carillon.step_journal ORDER BY run_id, step_path, attempt`)) give(row.run, "rows", { ...row, output: JSON.parse(row.output) });
  for (const row of list("SELECT run_id::text AS run, step_path AS path, attempt, outcome, idempotency_key AS key FROM carillon.effect_journal ORDER BY run_id, attempt")) give(row.run, "effects", row);
  for (const { run, ...deed } of list(`SELECT p.told->>'run' AS run, p.told->>'path' AS path, 'event' AS kind, count(*)::int AS times
    FROM carillon.event, LATERAL (SELECT convert_from(payload, 'UTF8')::json AS told) p WHERE event_type = 'soak.told' GROUP BY 1, 2
    UNION ALL SELECT split_part(key, '/', 2), split_part(key, '/', 3), 'state', convert_from(value, 'UTF8')::int FROM carillon.state_entry`)) give(run, "deeds", deed);
  for (const [place, { event, key, tool, arguments: { message } = {} }] of told.entries()) if (event === "call") give(key.split("-")[1], "calls", { key, tool, message, place });
  for (const row of list(`SELECT a.run_id::text AS run, a.step_path AS path, a.deciders, a.quorum, a.outcome, ${micros("nullif(a.expires_at, 'infinity')")} expires, ${micros("a.decided_at")} ended,
      (SELECT coalesce(json_agg(json_build_object('who', v.voter, 'word', v.comment) ORDER BY v.at), '[]') FROM carillon.approval_vote v
       WHERE (v.run_id, v.step_path, v.attempt) = (a.run_id, a.step_path, a.attempt)) AS votes
    FROM carillon.approval a`)) give(row.run, "approvals", row);
  for (const row of list(`SELECT run_id::text AS run, step_path AS path, agent, expect, outcome, answered_by AS who, ${micros("nullif(expires_at, 'infinity')")} expires, ${micros("ended_at")} ended
    FROM carillon.work_item`)) give(row.run, "work", row);
  for (const deed of deeds) (handles.has(deed.run) ? handles.get(deed.run).told.push(deed) : strays.push(deed));
  link(list, runs, strays);
  return { runs: [...runs.values()], strays };
}

function runsOf(list, definitions) {
  return new Map(list(`SELECT h.id::text, t.name, h.number, h.origin, h.outcome, h.error_class AS class, h.error_message AS message, h.compensated, ${micros("h.finished_at")} finished,
      convert_from(h.payload, 'UTF8') AS payload, convert_from(coalesce(h.output, o.output), 'UTF8') AS output
    FROM carillon.run_history h JOIN carillon.task t USING (tenant_id, task_id) LEFT JOIN carillon.run_output o ON o.run_id = h.id
    WHERE h.outcome <> 'skipped' AND (h.outcome <> 'missed' OR h.origin = 'step')`).map((run) => [run.id, { ...run, output: JSON.parse(run.output), payload: JSON.parse(run.payload), steps: definitions.get(run.name),
    rows: [], effects: [], calls: [], deeds: [], approvals: [], work: [], told: [], children: [], parent: null, link: null }]));
}

// Children and parents: what each child carries of its parent, and what the table of children says.
function link(list, runs, strays) {
  for (const row of list(`SELECT run_id::text AS run, parent_id::text AS parent, step_path AS path, attempt, times_out, ${micros("nullif(finish_by, 'infinity')")} "finishBy", has_ended FROM carillon.run_child`)) {
    const child = runs.get(row.run), parent = runs.get(row.parent);
    if (!child || !parent) { strays.push(row); continue; }
    child.link = row;
    child.parent = parent;
    parent.children.push(child);
  }
}

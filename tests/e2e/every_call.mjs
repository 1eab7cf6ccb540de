// A call of each tool with sense, for every test that makes them all.
//
// In this order; each also works alone once the first six were made: three tasks, of which one waits for an
// approval, one has run, and one runs until it is cancelled.
export const callsFor = (task) => [
  ["schedule_task", { name: `${task}-asks`, when: "in 1h", steps: [{ id: "ask", approval: { message: "May I?", by: ["person", "agent:owner"] } }] }],
  ["run_now", { task: `${task}-asks` }],
  ["schedule_task", { name: task, when: "in 1h", tool: "carillon.echo", arguments: { message: task } }],
  ["run_now", { task, wait_seconds: 30 }],
  ["schedule_task", { name: `${task}-busy`, when: "in 1h", tool: "odd.hang", arguments: {} }],
  ["run_now", { task: `${task}-busy` }],
  ["list_tasks", {}],
  ["schedule_task", { name: `${task}-tried`, when: "in 1h", message: "never", dry_run: true }],
  ["get_task", { task }],
  ["update_task", { task, description: "called by every client" }],
  ["preview", { task, count: 2 }],
  ["snooze", { task, for: "30m" }],
  ["set_task_state", { state: "paused", tasks: [task] }],
  ["list_runs", { task }],
  ["get_run", { run: `${task}#1`, include: ["output"] }],
  ["retry_run", { run: `${task}#1`, wait_seconds: 30 }],
  ["cancel_run", { run: `${task}-busy#1` }],
  ["respond_to_run", { run: `${task}-asks#1`, response: "approve" }],
  ["save_pipeline", { name: `${task}-steps`, steps: [{ id: "say", uses: "carillon.echo", with: { message: task } }] }],
  ["list_pipelines", { query: task }],
  ["publish_event", { event: `called.${task}`, payload: { by: task } }],
  ["list_events", { event: "called.#" }],
  ["search_tools", { query: "echo" }],
  ["call_tool", { tool: "carillon.echo", arguments: { message: task }, wait_seconds: 30 }],
  ["set_state", { key: `${task}/turn`, op: "acquire", ttl: "5m" }],
  ["get_state", { prefix: task }],
  ["get_status", {}],
  ["delete_item", { kind: "task", name: task }],
];

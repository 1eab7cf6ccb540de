// The whole tool list from the outside: the official clients of both generations, in either era, over stdio and HTTP, and
// the Inspector's command line list every tool and call each with sense. A tool that is listed and has no call here
// fails. In the long form the Inspector calls each tool on each way, otherwise it shares them out among its four.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { clients, Home, node, npmFile, program, standIn, textOf } from "./lib.mjs";

// In this order; each also works alone once the first four were made: two tasks, of which one has run and the other
// runs until it is cancelled.
const callsFor = (task) => [
  ["schedule_task", { name: task, when: "in 1h", tool: "carillon.echo", arguments: { message: task } }],
  ["run_now", { task, wait_seconds: 30 }],
  ["schedule_task", { name: `${task}-busy`, when: "in 1h", tool: "odd.hang", arguments: {} }],
  ["run_now", { task: `${task}-busy` }],
  ["list_tasks", {}],
  ["get_task", { task }],
  ["update_task", { task, description: "called by every client" }],
  ["preview", { task, count: 2 }],
  ["snooze", { task, for: "30m" }],
  ["set_task_state", { state: "paused", tasks: [task] }],
  ["list_runs", { task }],
  ["get_run", { run: `${task}#1`, include: ["output"] }],
  ["retry_run", { run: `${task}#1`, wait_seconds: 30 }],
  ["cancel_run", { run: `${task}-busy#1` }],
  ["search_tools", { query: "echo" }],
  ["call_tool", { tool: "carillon.echo", arguments: { message: task }, wait_seconds: 30 }],
  ["get_status", {}],
  ["delete_item", { kind: "task", name: task }],
];

let home;
before(async () => {
  home = new Home({ odd: standIn() });
  await home.serve();
});
after(() => home.end());

for (const kind of await clients()) {
  test(`${kind.name} lists and calls every tool`, async () => {
    const client = await kind.connect(home);
    const { tools } = await client.listTools();
    const calls = callsFor(kind.name.replaceAll(" ", "-"));
    assert.deepEqual(tools.map((tool) => tool.name).sort(), [...new Set(calls.map(([name]) => name))].sort(), "a tool has no call here, or a call no tool");
    for (const [name, args] of calls) {
      const answer = await client.callTool({ name, arguments: args });
      assert.ok(!answer.isError, `${name}: ${textOf(answer)}`);
      assert.ok(textOf(answer).length > 0, name);
    }
    await client.close();
  });
}

const inspector = npmFile("@modelcontextprotocol/inspector/clients/launcher/build/index.js");
const ways = ["legacy", "modern"].flatMap((era) => ["stdio", "http"].map((carrier) => ({ era, carrier })));

for (const [at, { era, carrier }] of ways.entries()) {
  test(`the Inspector's command line lists and calls tools over ${carrier} in the ${era} era`, async () => {
    const server = carrier === "stdio" ? { type: "stdio", command: program, args: ["mcp"], env: home.environment }
      : { type: "streamable-http", url: (await home.status()).mcp, headers: { Authorization: `Bearer ${home.token()}` } };
    const config = `${home.directory}/inspector-${era}-${carrier}.json`;
    writeFileSync(config, JSON.stringify({ mcpServers: { carillon: { ...server, protocolEra: era } } }));
    const run = (...args) => promisify(execFile)(node, [inspector, "--cli", "--config", config, "--server", "carillon", ...args, "--format", "json"],
      { env: { ...process.env, HOME: home.directory, MCP_INSPECTOR_SECRET_STORE: "memory" }, maxBuffer: 16 << 20 });
    const task = `inspector-${era}-${carrier}`;
    const calls = callsFor(task);
    const listed = await run("--method", "tools/list", "--strict");  // fails where a schema is not portable
    for (const [name] of calls) assert.ok(listed.stdout.includes(`"${name}"`), name);
    for (const [name, args] of calls.slice(0, 4)) await home.call(name, args);
    const mine = process.env.CARILLON_SOAK === "1" ? calls : calls.filter((_, index) => index % ways.length === at);
    for (const [name, args] of mine) {
      const { stdout } = await run("--method", "tools/call", "--tool-name", name, "--tool-args-json", JSON.stringify(args));
      assert.ok(!JSON.parse(stdout).isError, `${name}: ${stdout}`);
    }
    await home.run(["call", "cancel_run", "--args", JSON.stringify({ run: `${task}-busy#1` })]);  // where it was not the Inspector's to do
  });
}

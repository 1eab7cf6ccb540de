// Tasks of MCP: a call that its client follows by a taskId, in both generations, by the official packages. Two daemons
// share one database; what one of them started the other answers, also after the first was killed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { Home, load, npmFile, root, standIn, textOf, until } from "./lib.mjs";

// The task package is for `import` alone; it and the client must be of one kind to know each other's errors.
const loadFile = (file) => import(pathToFileURL(npmFile(file)));
const { createTaskSessionFromClient, resultFromTaskOutcome } = await loadFile("@modelcontextprotocol/ext-tasks/dist/client/index.js");
const v1 = await load("@modelcontextprotocol/sdk/client/index.js");
const { CallToolResultSchema } = await load("@modelcontextprotocol/sdk/types.js");
const { StreamableHTTPClientTransport: V1Http } = await load("@modelcontextprotocol/sdk/client/streamableHttp.js");
const v2 = await loadFile("@modelcontextprotocol/client/dist/index.mjs");

const info = { name: "carillon-e2e", version: "1" };
const kTasks = "io.modelcontextprotocol/tasks";
const modernMeta = (capabilities) => ({
  "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientInfo": info, "io.modelcontextprotocol/clientCapabilities": capabilities });

// Two homes with the same private PostgreSQL: what two machines with one database are.
let first, second;
before(async () => {
  first = new Home({ slow: standIn() });
  const shared = { CARILLON_DATABASE_DATA_DIR: `${first.directory}/postgres` };
  Object.assign(first.environment, shared);
  second = new Home({ slow: standIn() }, shared);
  for (const home of [first, second]) {
    await home.serve();
    const status = await home.status();
    Object.assign(home, { endpoint: new URL(status.mcp), pid: status.pid });
  }
});
after(async () => { await second.end(); await first.end(); });

// One modern request over HTTP, and its response as the task package wants it.
function post(home, request) {
  const { method, params } = request;
  const name = params.taskId ?? params.name;
  return fetch(home.endpoint, {
    method: "POST",
    headers: { Authorization: `Bearer ${home.token()}`, "Content-Type": "application/json", Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, ...(name && { "Mcp-Name": name }) },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
}
async function dispatch(home, request) {
  const message = await (await post(home, request)).json();
  return message.error ? { kind: "error", error: message.error } : { kind: "result", result: message.result };
}
const ask = (home, method, params, capabilities = { extensions: { [kTasks]: {} } }) => dispatch(home, { method, params: { ...params, _meta: modernMeta(capabilities) } });

// A task session of the official package over HTTP, in the generation that the mode of the client leads to.
async function session(home, mode) {
  const client = new v2.Client(info, { versionNegotiation: { mode } });
  await client.connect(new v2.StreamableHTTPClientTransport(home.endpoint, { requestInit: { headers: { Authorization: `Bearer ${home.token()}` } } }));
  const raw = mode === "auto" ? { rawDispatch: (request) => dispatch(home, request), v2RequestFraming: { protocolVersion: "2026-07-28", clientInfo: info, clientCapabilities: {} } } : {};
  const made = createTaskSessionFromClient(client, { endpointId: "carillon", ...raw });
  return { call: (name, params) => made.callTool(name, params, { task: { preference: "prefer" } }), resume: (reference) => made.resumeTask(reference), close: async () => { await made.close(); await client.close(); } };
}

const sleep = (ms) => ({ tool: "slow.sleep", arguments: { ms } });

// Both generations at once: each call became a task at one daemon, and is followed to its end at the other.
const startBoth = () => Promise.all(["legacy", "auto"].map(async (mode) => {
  const owner = await session(first, mode);
  const execution = await owner.call("call_tool", sleep(2000));
  assert.equal(execution.kind, "task");
  return { mode, owner, reference: execution.serializeReference() };
}));
const endBoth = (started) => Promise.all(started.map(async ({ mode, owner, reference }) => {
  const elsewhere = await session(second, mode);
  const result = resultFromTaskOutcome(await (await elsewhere.resume(reference)).result());
  assert.match(textOf(result), /status: succeeded/, mode);
  await elsewhere.close();
  await owner.close().catch((error) => assert.match(String(error), /fetch failed|closed/i));  // its daemon may be gone
}));

test("a task that was started through one daemon is followed through another in both generations", async () => endBoth(await startBoth()));

const membersOf = (value) => value !== null && typeof value === "object" && !Array.isArray(value) ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, membersOf(value[key])])) : typeof value;

test("the answers have the members that the page about tasks shows", async () => {
  const page = readFileSync(path.join(root, "docs/mcp-tasks.md"), "utf8");
  const [created, ended] = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map((block) => JSON.parse(block[1]));
  const task = (await ask(first, "tools/call", { name: "call_tool", arguments: sleep(2000) })).result;
  assert.deepEqual(membersOf(task), membersOf(created));
  const last = await until(async () => { const { result } = await ask(second, "tasks/get", { taskId: task.taskId }); return result.status === "working" ? null : result; }, "the end of the task");
  for (const result of [last, ended]) result.result.structuredContent = Object.keys(result.result.structuredContent).slice(0, 0);
  assert.deepEqual(membersOf(last), membersOf(ended));
});

test("what is over in a moment is no task, and who takes no tasks gets none", async () => {
  const quick = await ask(first, "tools/call", { name: "call_tool", arguments: sleep(1) });
  assert.equal(quick.result.resultType, "complete");
  const patient = await ask(first, "tools/call", { name: "call_tool", arguments: sleep(1200) }, {});
  assert.equal(patient.result.resultType, "complete");
  assert.match(textOf(patient.result), /status: succeeded/);
  assert.equal((await ask(first, "tasks/get", { taskId: "x" }, {})).error.code, -32021);
  assert.equal((await ask(second, "tasks/get", { taskId: "A".repeat(32) })).error.code, -32602);
});

test("a listener at another daemon is told when a task ends, and a cancelled one stops its run", async () => {
  const start = async () => (await ask(first, "tools/call", { name: "call_tool", arguments: { tool: "slow.hang_reading", arguments: {} } })).result;
  const task = await start();
  assert.equal(task.resultType, "task");
  assert.ok(task.ttlMs >= 24 * 3600 * 1000 && task.pollIntervalMs >= 1000);
  const stream = await post(second, { method: "subscriptions/listen", params: { notifications: { taskIds: [task.taskId, "A".repeat(32)] }, _meta: modernMeta({ extensions: { [kTasks]: {} } }) } });
  let heard = "";
  const reading = (async () => { for await (const chunk of stream.body) { heard += Buffer.from(chunk); if (heard.includes('"cancelled"')) break; } })();
  await until(() => heard.includes("subscriptions/acknowledged"), "the acknowledgement");
  assert.ok(!heard.includes("A".repeat(32)));
  assert.equal((await ask(second, "tasks/cancel", { taskId: task.taskId })).result.resultType, "complete");
  await reading;
  const told = heard.split("\n").filter((line) => line.startsWith("data: {")).map((line) => JSON.parse(line.slice(6)));
  const last = told.at(-1);
  assert.equal(last.method, "notifications/tasks");
  assert.equal(last.params.taskId, task.taskId);
  assert.equal(last.params.status, "cancelled");
  const run = last.params.statusMessage.split(" ")[0];
  assert.equal((await second.call("get_run", { run })).status, "cancelled");
});

test("the first client of 2025-11-25 gets a task's result and is told of its failure", async () => {
  const client = new v1.Client(info);
  await client.connect(new V1Http(second.endpoint, { requestInit: { headers: { Authorization: `Bearer ${second.token()}` } } }));
  const { tools } = await client.listTools();
  assert.deepEqual(tools.filter((tool) => tool.execution?.taskSupport === "optional").map((tool) => tool.name), ["run_now", "get_run", "retry_run", "call_tool"]);
  const follow = async (argument) => {
    const seen = [];
    for await (const message of client.experimental.tasks.callToolStream({ name: "call_tool", arguments: argument }, undefined, { task: { ttl: 60_000 } })) seen.push(message);
    return seen;
  };
  const good = await follow(sleep(100));
  assert.equal(good[0].type, "taskCreated");
  assert.match(textOf(good.at(-1).result), /status: succeeded/);
  const bad = await follow({ tool: "slow.fail", arguments: { message: "no luck" } });
  assert.equal(bad.at(-2).task.status, "failed");
  assert.match(textOf(await client.experimental.tasks.getTaskResult(bad[0].task.taskId, CallToolResultSchema)), /no luck/);
  const refused = await follow({ tool: "slow.nothing", arguments: {} });
  assert.equal(refused.at(-2).task.status, "failed");
  const { tasks } = await client.experimental.tasks.listTasks();
  assert.ok(tasks.length >= 3);
  await client.close();
});

// Last, because it leaves one daemon.
test("a task outlives the daemon that started it: killed in the middle, it is polled to its end through the other", async () => {
  const started = await startBoth();
  process.kill(first.pid, "SIGKILL");
  await endBoth(started);
});

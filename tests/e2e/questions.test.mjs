// What a downstream server asks in the middle of a call reaches the client that waits for it, in both generations of
// clients and over every carrier; in tasks; through another daemon than the one that works; and what nobody answers, or
// whose worker is killed, has a true end.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { clients, Home, load, node, textOf, until } from "./lib.mjs";

const types = await load("@modelcontextprotocol/sdk/types.js");
const asking = { command: node, args: [path.join(path.dirname(fileURLToPath(import.meta.url)), "asking_server.mjs")], env: { PATH: process.env.PATH }, carillon: { sampling: "ask" } };
// Over stdio a server's questions do not say which call they are about, so whoever calls at the same time, gives a call
// up or cannot be asked has a server of its own (docs/servers.md).
const kinds = await clients();
const ownServer = (kind) => `asking_${kinds.indexOf(kind)}`;
const servers = { asking, shy: asking, steps: asking, ...Object.fromEntries(kinds.map((kind) => [ownServer(kind), asking])) };
const kTasks = "io.modelcontextprotocol/tasks";

// Two homes with the same private PostgreSQL: what two machines with one database are.
let first, second;
before(async () => {
  first = new Home(servers, { CARILLON_WORKER_ANSWER_WITHIN: "20s" });
  const shared = { CARILLON_DATABASE_DATA_DIR: `${first.directory}/postgres` };
  Object.assign(first.environment, shared);
  second = new Home(servers, { ...shared, CARILLON_WORKER_ANSWER_WITHIN: "20s" });
  for (const home of [first, second]) {
    await home.serve();
    const status = await home.status();
    Object.assign(home, { endpoint: new URL(status.mcp), pid: status.pid });
    for (const server of Object.keys(servers))  // call_tool waits only seconds for a server to start
      await until(async () => (await home.run(["call", "search_tools", "--args", JSON.stringify({ server, query: "ask city" })])).stdout.includes(`${server}.ask_city`), `${server} to list its tools`);
  }
});
after(async () => { await second?.end(); await first?.end(); });

const accepted = { action: "accept", content: { city: "Chisinau" } };
const askCity = { tool: "asking.ask_city", arguments: {} };
const capabilities = { elicitation: { form: {} }, sampling: {} };

// A client of every generation that answers with `answer`, and counts how often it was asked.
async function connected(kind, answer) {
  const counted = { asked: 0 };
  const client = await kind.connect(first, { capabilities }, (made) => {
    const handle = (method, reply) => kind.name.startsWith("v1")
      ? made.setRequestHandler(method === "elicitation/create" ? types.ElicitRequestSchema : types.CreateMessageRequestSchema, async () => { ++counted.asked; return reply; })
      : made.setRequestHandler(method, async () => { ++counted.asked; return reply; });
    handle("elicitation/create", answer);
    handle("sampling/createMessage", { role: "assistant", model: "little", content: { type: "text", text: "hello" } });
  });
  return { client, counted };
}

test("every client is asked for a form and a model, and its call goes on with the answers", async () => {
  await Promise.all(kinds.map(async (kind) => {
    const { client, counted } = await connected(kind, accepted);
    const call = (tool) => client.callTool({ name: "call_tool", arguments: { tool: `${ownServer(kind)}.${tool}`, arguments: {} } });
    assert.match(textOf(await call("ask_city")), /accept Chisinau/, kind.name);
    assert.match(textOf(await call("ask_model")), /little: hello/, kind.name);
    assert.equal(counted.asked, 2, kind.name);
    await client.close();
  }));
});

test("a person's no goes to the server, and who declared nothing is not asked", async () => {
  const { client } = await connected(kinds.find((kind) => kind.name === "v1 stdio"), { action: "decline" });
  assert.match(textOf(await client.callTool({ name: "call_tool", arguments: askCity })), /decline/);
  await client.close();
  const silent = await kinds.find((kind) => kind.name === "v2 auto http").connect(first);
  const unasked = await silent.callTool({ name: "call_tool", arguments: { tool: "shy.ask_city", arguments: {} } });
  assert.equal(unasked.isError, true);
  assert.match(textOf(unasked), /Which city\?.*nobody is there to answer/s);
  await silent.close();
});

const meta = (extensions = {}) => ({ "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": { ...capabilities, extensions } });

// One modern request over HTTP; its result or error.
async function ask(home, method, params, extensions) {
  const name = params.taskId ?? params.name;
  const response = await fetch(home.endpoint, { method: "POST",
    headers: { Authorization: `Bearer ${home.token()}`, "Content-Type": "application/json", Accept: "application/json, text/event-stream", "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, ...(name && { "Mcp-Name": name }) },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: meta(extensions) } }) });
  const text = await response.text();
  const message = JSON.parse(text.startsWith("{") ? text : text.split("\n").filter((line) => line.startsWith("data: {")).at(-1).slice(6));
  return message.result ?? message;
}

test("a question is answered through another daemon than the one whose call asks, and the first answer wins", async () => {
  const call = { name: "call_tool", arguments: { ...askCity, wait_seconds: 0 } };
  const { run } = (await ask(first, "tools/call", call)).structuredContent;
  const seen = await until(async () => { const { asks } = await second.call("get_run", { run }); return asks; }, "the question");
  assert.equal(seen[0].message, "Which city?");
  const look = { name: "get_run", arguments: { run, wait_seconds: 20 } };
  const needs = await Promise.all([first, second].map((home) => ask(home, "tools/call", look)));
  for (const need of needs) assert.equal(need.resultType, "input_required");
  const [key] = Object.keys(needs[0].inputRequests);
  assert.deepEqual(needs[0].inputRequests[key].params.requestedSchema.required, ["city"]);
  // A state of the one daemon is good at the other: they share the key.
  const again = (need, answer) => ({ ...look, inputResponses: { [key]: answer }, requestState: need.requestState });
  const unfit = await ask(second, "tools/call", again(needs[0], { action: "accept", content: {} }));
  assert.equal(JSON.parse(textOf(unfit)).pointer, `/inputResponses/${key}/content`);
  const done = await ask(second, "tools/call", again(needs[0], accepted));
  assert.match(textOf(done), /accept Chisinau/);
  const late = await ask(first, "tools/call", again(needs[1], { action: "accept", content: { city: "Berlin" } }));
  assert.match(textOf(late), /accept Chisinau/);
});

test("a task requires input, is answered by an update at another daemon and ends", async () => {
  const tasks = { [kTasks]: {} };
  const started = await ask(first, "tools/call", { name: "call_tool", arguments: askCity }, tasks);
  let taskId = started.taskId;
  // A quick server asks before the call became a task: then the question comes first.
  if (started.resultType === "input_required") {
    const held = await ask(first, "tools/call", { name: "call_tool", arguments: askCity, inputResponses: {}, requestState: started.requestState }, tasks);
    assert.equal(held.resultType, "task");
    taskId = held.taskId;
  }
  const asks = await until(async () => { const task = await ask(second, "tasks/get", { taskId }, tasks); return task.status === "input_required" ? task : null; }, "the question");
  const [key] = Object.keys(asks.inputRequests);
  await ask(second, "tasks/update", { taskId, inputResponses: { [key]: accepted } }, tasks);
  const ended = await until(async () => { const task = await ask(second, "tasks/get", { taskId }, tasks); return task.status === "completed" ? task : null; }, "the end");
  assert.match(textOf(ended.result), /accept Chisinau/);
});

test("progress reaches the client that waits, and the others by get_run", async () => {
  const client = await kinds.find((kind) => kind.name === "v1 http").connect(first);
  const heard = [];
  const steps = { tool: "steps.slow_steps", arguments: { steps: 15 } };
  const done = await client.callTool({ name: "call_tool", arguments: steps }, undefined, { onprogress: (progress) => heard.push(progress.message) });
  assert.match(textOf(done), /all steps done/);
  assert.ok(heard.length >= 1 && heard.every((message) => /^step \d+$/.test(message)), heard.join());
  await client.close();
  const { run } = await first.call("call_tool", { tool: "steps.slow_steps", arguments: { steps: 30 }, wait_seconds: 0 });
  const told = await until(async () => (await second.call("get_run", { run })).progress, "progress at the other daemon");
  assert.match(told, /of 30: step/);
  await first.call("cancel_run", { run });
});

// Last, because it leaves one daemon.
test("a daemon killed while a question is open leaves a run whose outcome is unknown and a question that nobody can answer", async () => {
  const { run } = (await ask(first, "tools/call", { name: "call_tool", arguments: { ...askCity, wait_seconds: 0 } })).structuredContent;
  const look = { name: "get_run", arguments: { run, wait_seconds: 20 } };
  await until(async () => (await second.call("get_run", { run })).asks, "the question");
  const need = await ask(second, "tools/call", look);
  // Whichever daemon works on it: both are killed in turn, and one comes back.
  process.kill(first.pid, "SIGKILL");
  process.kill(second.pid, "SIGKILL");
  await second.serve();
  second.endpoint = new URL((await second.status()).mcp);
  await until(async () => (await second.call("get_run", { run })).status === "unknown", "the run's end");
  const [key] = Object.keys(need.inputRequests);
  const late = await ask(second, "tools/call", { ...look, inputResponses: { [key]: accepted }, requestState: need.requestState });
  assert.match(textOf(late), /status: unknown/);
  assert.match(textOf(late), /the call that asked is over/);
});

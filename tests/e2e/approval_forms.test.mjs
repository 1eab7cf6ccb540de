// Approvals as forms of hosts, in both generations of clients and over every carrier (E13): a filled form decides, a host's
// decline at once decides nothing, and a task of MCP requires input.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clients, Home, load, standIn, textOf, until } from "./lib.mjs";

const types = await load("@modelcontextprotocol/sdk/types.js");
const olderKinds = (await clients()).filter(({ name }) => !name.includes("auto"));
let home, slowly;
const steps = [
  { id: "ask", approval: { message: "Deploy ${input.tag}?", arguments: { tag: "${input.tag}" }, on_reject: "continue" } },
  { id: "tell", uses: "pay.echo", with: { message: "${steps.ask.status} by ${steps.ask.by[0]}" } },
];
before(async () => {
  home = new Home({ pay: standIn() });
  await home.serve();
  await home.call("schedule_task", { name: "deploy", when: "manual", steps, options: { overlap: "allow" } });
  slowly = Promise.all(olderKinds.map((kind) => answeredSlowly(kind)));
  slowly.catch(() => {});  // told by the test that awaits it
});
after(async () => { await home?.end(); });

async function connected(kind, answer, capabilities = { elicitation: { form: {} } }) {
  const seen = [];
  const client = await kind.connect(home, { capabilities }, (made) => {
    const reply = async (request) => { seen.push(request.params); return answer; };
    if (capabilities.elicitation) made.setRequestHandler(kind.name.startsWith("v1") ? types.ElicitRequestSchema : "elicitation/create", reply);
  });
  return { client, seen, call: (name, args) => client.callTool({ name, arguments: args }) };
}
// A person who fills the form when the call that shows it has been answered without: begun first, because it takes so long.
const answeredSlowly = async (kind) => {
  let fill;
  const client = await kind.connect(home, { capabilities: { elicitation: { form: {} } } }, (made) => {
    const form = new Promise((resolve) => { fill = () => resolve(filled("approve")); });
    made.setRequestHandler(kind.name.startsWith("v1") ? types.ElicitRequestSchema : "elicitation/create", () => form);
  });
  const told = await client.callTool({ name: "run_now", arguments: start({ wait_seconds: 1 }) });
  fill();
  const { run } = told.structuredContent;
  const ended = await until(async () => { const row = await home.call("get_run", { run }); return row.status === "succeeded" && row; }, `${run} of ${kind.name} to be approved`);
  await client.close();
  return { name: kind.name, told, ended };
};
const filled = (decision) => ({ action: "accept", content: { decision } });
const start = (extra = {}) => ({ task: "deploy", input: { tag: "v9" }, wait_seconds: 30, ...extra });

test("a filled form decides, whichever client shows it", async () => {
  await Promise.all((await clients()).map(async (kind) => {
    for (const [decision, status] of [["approve", "approved"], ["reject", "rejected"]]) {
      const { client, seen, call } = await connected(kind, filled(decision));
      const done = await call("run_now", start());
      assert.match(textOf(done), /status: succeeded/, kind.name);
      const detail = await home.call("get_run", { run: done.structuredContent.run, include: ["output"] });
      assert.match(JSON.stringify(detail.output), new RegExp(`${status} by person via owner`), kind.name);
      assert.equal(seen.length, 1, kind.name);
      assert.match(seen[0].message, /^deploy#\d+ asks: Deploy v9\?.*"tag": "v9".*SHA-256/s);
      await client.close();
    }
  }));
});

test("a host that declines or puts the form away decides nothing, and who looks later may", async () => {
  await Promise.all((await clients()).map(async (kind) => {
    for (const action of ["decline", "cancel"]) {
      const { client, seen, call } = await connected(kind, { action });
      const left = await call("run_now", start({ wait_seconds: 2 }));
      assert.match(textOf(left), /status: waiting/, kind.name);
      assert.equal(seen.length, 1, kind.name);
      const { run } = left.structuredContent;
      assert.equal((await home.call("get_run", { run })).status, "waiting", kind.name);
      await client.close();
      const looker = await connected(kind, filled("approve"));
      assert.match(textOf(await looker.call("get_run", { run, wait_seconds: 30 })), /status: succeeded/, kind.name);
      await looker.client.close();
    }
  }));
});

test("who declared no forms, or may not approve, is not asked", async () => {
  const kind = (await clients()).find(({ name }) => name === "v2 auto http");
  const { client, call } = await connected(kind, {}, {});
  const left = await call("run_now", start({ wait_seconds: 1 }));
  assert.match(textOf(left), /status: waiting/);
  const { run } = left.structuredContent;
  assert.match(textOf(await call("respond_to_run", { run, response: "approve" })), /needs a person/);
  await home.call("cancel_run", { run });
  await client.close();
});

test("a task of MCP requires input until somebody decides", async () => {
  const endpoint = (await home.status()).mcp;
  const tasks = "io.modelcontextprotocol/tasks";
  const ask = async (method, params) => {
    const name = params.taskId ?? params.name;
    const response = await fetch(endpoint, { method: "POST",
      headers: { Authorization: `Bearer ${home.token()}`, "Content-Type": "application/json", Accept: "application/json, text/event-stream", "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, "Mcp-Name": name },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
        "io.modelcontextprotocol/clientCapabilities": { elicitation: {}, extensions: { [tasks]: {} } } } } }) });
    const text = await response.text();
    const message = JSON.parse(text.startsWith("{") ? text : text.split("\n").filter((line) => line.startsWith("data: {")).at(-1).slice(6));
    return message.result ?? message;
  };
  const call = { name: "run_now", arguments: start({ wait_seconds: 0 }) };
  const { run } = (await ask("tools/call", call)).structuredContent;
  await until(async () => (await home.call("get_run", { run })).status === "waiting", "the run to wait");
  const look = { name: "get_run", arguments: { run } };
  const needs = await ask("tools/call", { ...look, arguments: { run, wait_seconds: 20 } });
  assert.equal(needs.resultType, "input_required");
  const held = await ask("tools/call", { ...look, arguments: { run, wait_seconds: 20 }, inputResponses: {}, requestState: needs.requestState });
  assert.equal(held.resultType, "task");
  const asks = await ask("tasks/get", { taskId: held.taskId });
  assert.equal(asks.status, "input_required");
  const [key] = Object.keys(asks.inputRequests);
  await ask("tasks/update", { taskId: held.taskId, inputResponses: { [key]: { action: "decline" } } });
  assert.equal((await ask("tasks/get", { taskId: held.taskId })).status, "input_required");
  await ask("tasks/update", { taskId: held.taskId, inputResponses: { [key]: filled("approve") } });
  await until(async () => (await ask("tasks/get", { taskId: held.taskId })).status === "completed", "the end");
  assert.equal((await home.call("get_run", { run })).status, "succeeded");
});

test("a form of an older client outlives its call, which a host gives up after a minute, and decides when it is filled", async () => {
  for (const { name, told } of await slowly) {
    assert.match(textOf(told), /status: waiting/, name);
    assert.match(textOf(told), /nobody has answered the form yet; when somebody does, it still counts/, name);
  }
});

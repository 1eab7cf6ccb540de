// What a step or servers.json calls sensitive is shown to nobody, by any client, and is there for the steps that need it.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { answered, clients, Home, root, standIn, textOf, until } from "./lib.mjs";

const [example] = [...readFileSync(path.join(root, "docs/sensitive.md"), "utf8").matchAll(/```json\n(.*?)```/gs)].map(([, text]) => JSON.parse(text));

let home, journal, daemon;
before(async () => {
  home = new Home();
  journal = `${home.directory}/journal.jsonl`;
  const entry = standIn("--journal", journal);
  const hushed = { ...entry, carillon: { tools: { add: { sensitive: ["/a", "/sum"] } } } };
  writeFileSync(`${home.environment.CARILLON_HOME}/servers.json`, JSON.stringify({ mcpServers: { pay: entry, hushed } }));
  daemon = await home.serve();
});
after(() => home.end());

// Everything that a client can be shown of a run.
async function shown(client, run) {
  const id = encodeURIComponent(run);
  let all = "";
  for (const [name, args] of [["get_run", { run, include: ["steps", "output", "input"], response_format: "detailed" }], ["get_run", { run, output_path: "steps" }],
    ["list_runs", { response_format: "detailed" }], ["get_status", {}], ["list_events", {}]]) {
    const answer = await client.callTool({ name, arguments: args });
    all += textOf(answer) + JSON.stringify(answer.structuredContent);
  }
  for (const part of ["", "/log", "/output", "/input", "/steps/sign_in/output", "/steps/use/output"])
    all += JSON.stringify(await client.readResource({ uri: `run://${id}${part}` }).catch((error) => error.message));
  return all;
}

describe("sensitive values", async () => (await clients()).forEach((kind) => {
  const slug = kind.name.replaceAll(" ", "-");
  const over = (work) => async () => {
    const client = await kind.connect(home);
    try { await work((name, args) => client.callTool({ name, arguments: args }), client); } finally { await client.close(); }
  };
  const ended = async (call, task) => {
    const { run } = await answered(call("run_now", { task }));
    return until(async () => {
      const detail = await answered(call("get_run", { run, wait_seconds: 20 }));
      return !["queued", "running", "waiting"].includes(detail.status) && detail;
    }, `${run} to end`);
  };
  const arrived = (message) => readFileSync(journal, "utf8").includes(message);

  test(`of the page's example for ${kind.name}`, over(async (call, client) => {
    await answered(call("schedule_task", { ...example, name: `login-${slug}` }));
    const { run, status } = await ended(call, `login-${slug}`);
    assert.equal(status, "succeeded");
    const all = await shown(client, run);
    assert.ok(!all.includes("tok-4711"), all);
    assert.match(all, /as anna with \[masked\]/);
    assert.ok(arrived("as anna with tok-4711"), "the step that needs it has it");
  }));

  test(`of arguments that a template fills in and of an error for ${kind.name}`, over(async (call, client) => {
    const task = `fails-${slug}`, token = `open sesame ${slug}`;
    await answered(call("schedule_task", { name: task, when: "manual", input: { word: token, other: "plain" },
      steps: [{ id: "use", uses: "pay.fail", with: { message: "${input.word}" }, sensitive: ["/message"] }] }));
    const { run, status } = await ended(call, task);
    assert.equal(status, "failed");
    const all = await shown(client, run);
    assert.ok(!all.includes(token), all);
    assert.ok(arrived(token));
    assert.ok(!daemon.errors.includes(token), "no line of the log has it");
  }));

  test(`of a tool of servers.json for ${kind.name}`, over(async (call, client) => {
    const { run } = await answered(call("call_tool", { tool: "hushed.add", arguments: { a: 471100, b: 4 }, wait_seconds: 30 }));
    const all = await shown(client, run);
    assert.doesNotMatch(all, /47110[04]/);
    assert.match(all, /\[masked\]/);
  }));
}));

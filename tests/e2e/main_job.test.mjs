// The main job: schedule over MCP, run through a real downstream server, read the result from any client.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { clients, Home, node, npmFile, program, realServers, textOf, until } from "./lib.mjs";

const all = await clients();
let home;

before(async () => {
  home = new Home({}, {}, { bare: true });
  home.servers = realServers(home.directory);
  (await import("node:fs")).writeFileSync(`${home.environment.CARILLON_HOME}/servers.json`, JSON.stringify({ mcpServers: home.servers }));
  await home.serve();
});
after(() => home.end());

const finished = (run) => ["succeeded", "failed", "cancelled", "unknown", "missed", "skipped"].includes(run.status ?? run.state);

test("a scheduled call of a real server runs after its chat has closed and anyone reads the result", async () => {
  const [first, ...others] = all;
  const author = await first.connect(home);
  const created = await author.callTool({ name: "schedule_task", arguments: { name: "hello", when: "in 2s", tool: "everything.echo", arguments: { message: "hi" } } });
  assert.ok(!created.isError, textOf(created));
  assert.equal(created.structuredContent.result, "created");
  await author.close();
  await until(async () => (await home.call("list_runs", { task: "hello" })).runs.some(finished), "the run to finish");
  for (const kind of others) {
    const reader = await kind.connect(home);
    const runs = await reader.callTool({ name: "list_runs", arguments: { task: "hello" } });
    assert.match(textOf(runs), /hello#1/, kind.name);
    const run = await reader.callTool({ name: "get_run", arguments: { run: "hello#1" } });
    assert.match(textOf(run), /succeeded/, `${kind.name}: ${textOf(run)}`);
    assert.match(JSON.stringify(run), /Echo: hi/, kind.name);
    await reader.close();
  }
});

for (const kind of all) {
  test(`${kind.name}: lists the tools and calls one`, async () => {
    const client = await kind.connect(home);
    const { tools } = await client.listTools();
    assert.ok(tools.some((tool) => tool.name === "schedule_task"));
    const status = await client.callTool({ name: "get_status", arguments: {} });
    assert.ok(!status.isError, textOf(status));
    await client.close();
  });
}

for (const era of ["legacy", "modern"]) {
  test(`the Inspector's command line drives stdio in the ${era} era`, async () => {
    const fs = await import("node:fs");
    const config = `${home.directory}/inspector-${era}.json`;
    fs.writeFileSync(config, JSON.stringify({ mcpServers: { carillon: { type: "stdio", command: program, args: ["mcp"], env: home.environment, protocolEra: era } } }));
    const inspector = npmFile("@modelcontextprotocol/inspector/clients/launcher/build/index.js");
    const { stdout } = await promisify(execFile)(node, [inspector, "--cli", "--config", config, "--server", "carillon", "--method", "tools/call", "--tool-name", "call_tool",
      "--tool-args-json", JSON.stringify({ tool: "everything.echo", arguments: { message: era }, wait_seconds: 30 }), "--format", "json"], { env: { ...process.env, HOME: home.directory }, maxBuffer: 16 << 20 });
    assert.match(stdout, new RegExp(`Echo: ${era}`));
  });
}

test("filesystem and memory work unmodified", async () => {
  (await import("node:fs")).writeFileSync(`${home.directory}/note.txt`, "written before");
  const read = await home.call("call_tool", { tool: "filesystem.read_text_file", arguments: { path: `${home.directory}/note.txt` }, wait_seconds: 30 });
  assert.match(JSON.stringify(read), /written before/);
  const made = await home.call("call_tool", { tool: "memory.create_entities", arguments: { entities: [{ name: "Ann", entityType: "person", observations: ["rings bells"] }] }, wait_seconds: 30 });
  assert.match(JSON.stringify(made), /Ann/);
});

test("a message is delivered to the log and its task is done", async () => {
  await home.call("schedule_task", { name: "stretch", when: "in 1s", message: "Stretch" });
  await until(async () => (await home.call("list_runs", { task: "stretch" })).runs.some(finished), "the message");
  assert.equal((await home.call("get_task", { task: "stretch" })).state, "done");
});

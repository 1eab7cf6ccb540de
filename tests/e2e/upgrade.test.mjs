// A newer front meets the daemon that an older one started: it takes over without losing a run, a task or a client.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Home, load, program, standIn, textOf, until } from "./lib.mjs";

// The same program as a newer version (tests/next_version), wherever the build lies.
const next = path.join(path.dirname(program), "tests/next_version/carillon");
const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = await load("@modelcontextprotocol/sdk/client/stdio.js");
const { LoggingMessageNotificationSchema } = await load("@modelcontextprotocol/sdk/types.js");

// A host with a front of either version; what its server told it in-band is in `told`.
async function host(home, command) {
  const client = new Client({ name: "host", version: "1" });
  client.told = [];
  client.setNotificationHandler(LoggingMessageNotificationSchema, (message) => { client.told.push(message.params); });
  await client.connect(new StdioClientTransport({ command, args: ["mcp"], env: home.environment, stderr: "pipe" }));
  return client;
}

const call = async (client, tool, args = {}) => {
  const answer = await client.callTool({ name: tool, arguments: args });
  assert.ok(!answer.isError, textOf(answer));
  return answer.structuredContent;
};

test("a newer front has the older daemon finish its runs and give way, and hosts of either version go on", async () => {
  const home = new Home();
  try {
    const journal = `${home.directory}/journal.jsonl`, file = `${home.directory}/signal`;
    writeFileSync(`${home.environment.CARILLON_HOME}/servers.json`, JSON.stringify({ mcpServers: { far: standIn("--journal", journal) } }));
    const old = await host(home, program);
    const before = await home.status();
    await call(old, "schedule_task", { name: "tomorrow", when: "in 1d", message: "still here" });
    await call(old, "schedule_task", { name: "job", when: "in 1s", tool: "far.wait_for_file", arguments: { path: file } });
    const calls = () => (existsSync(journal) ? readFileSync(journal, "utf8").split("\n").filter((line) => line.includes('"call"')).length : 0);
    await until(() => calls() === 1, "the call to reach the stand-in");

    const joining = host(home, next);
    await until(() => old.told.length > 0, "the older host to be told");
    assert.equal(old.told[0].level, "notice");
    assert.equal(old.told[0].data.version, before.version);
    writeFileSync(file, "");  // the run is answered while its daemon gives way
    const young = await joining;

    const after = await home.status();
    assert.notEqual(after.pid, before.pid);
    assert.notEqual(after.version, before.version);
    assert.equal(after.version, old.told[0].data.successor);
    const { runs } = await call(young, "list_runs", { task: "job" });
    assert.deepEqual(runs.map((run) => run.status), ["succeeded"]);
    assert.equal(calls(), 1);
    assert.equal((await call(old, "get_task", { task: "tomorrow" })).state, "active", "the older host's front found the new daemon");

    const late = await host(home, program);  // an older front takes a newer daemon as it is
    await call(late, "get_status");
    assert.equal((await home.status()).pid, after.pid);
    await Promise.all([old, young, late].map((client) => client.close()));
  } finally { await home.end(); }
});

test("a daemon that somebody started on purpose is not taken from them by a newer front", async () => {
  const home = new Home();
  try {
    await home.serve();
    const { pid, version } = await home.status();
    const young = await host(home, next);
    let said = "";
    young.transport.stderr.on("data", (data) => { said += data; });
    await call(young, "get_status");
    assert.deepEqual([(await home.status()).pid, (await home.status()).version], [pid, version]);
    await until(() => said.includes("older than this program"), "the front to warn");
    await young.close();
  } finally { await home.end(); }
});

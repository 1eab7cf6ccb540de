// The host's session is told of runs that asked for it: one notification each, only where the front was started for it,
// also by the daemon that comes after one that was killed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Home, load, program, textOf, until } from "./lib.mjs";

const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = await load("@modelcontextprotocol/sdk/client/stdio.js");
let home;
let daemon;

before(async () => {
  home = new Home();
  daemon = await home.serve();
});
after(() => home.end());

// A host with a front of its own, and the channel notifications that it hears.
async function host(...flags) {
  const client = new Client({ name: "carillon-e2e", version: "1" });
  const heard = [];
  client.fallbackNotificationHandler = async (notification) => {
    if (notification.method === "notifications/claude/channel") heard.push(notification.params);
  };
  await client.connect(new StdioClientTransport({ command: program, args: ["mcp", ...flags], env: home.environment, stderr: "pipe" }));
  return { client, heard };
}

const remind = async (client, name, more = {}) => {
  const made = await client.callTool({ name: "schedule_task", arguments: { name, when: "manual", message: `Remember ${name}`, notify: ["session"], ...more } });
  assert.ok(!made.isError, textOf(made));
  await client.callTool({ name: "run_now", arguments: { task: name, wait_seconds: 20 } });
};

test("a front that was not started for it neither declares nor hears the channel", async () => {
  const { client, heard } = await host();
  assert.equal(client.getServerCapabilities().experimental?.["claude/channel"], undefined);
  await remind(client, "quiet", { notify_on: "never" });
  await remind(client, "unheard");
  const run = await home.call("get_run", { run: "unheard#1" });
  assert.equal(run.deliveries[0].state, "pending");
  assert.deepEqual(heard, []);
  await client.close();
});

test("each run that asked for it is told once, and so is what ended before", async () => {
  const { client, heard } = await host("--channel");
  assert.deepEqual(client.getServerCapabilities().experimental["claude/channel"], {});
  await until(() => heard.length === 1, "what ended before the session");
  assert.equal(heard[0].content, "unheard#1: Remember unheard");
  await remind(client, "plants");
  await until(() => heard.length >= 2, "the reminder");
  assert.deepEqual(heard[1], { content: "plants#1: Remember plants", meta: { run: "plants#1", status: "succeeded" } });
  await until(async () => (await home.call("get_run", { run: "plants#1" })).deliveries[0].state === "sent", "the delivery to be settled");
  assert.equal(heard.length, 2);
  await client.close();
});

test("a session goes on hearing after its daemon was killed", async () => {
  const { client, heard } = await host("--channel");
  daemon.kill("SIGKILL");
  await daemon.gone;
  await until(async () => (await client.callTool({ name: "get_status", arguments: {} }).catch(() => ({ isError: true }))).isError !== true, "the next daemon");
  await remind(client, "later");
  await until(() => heard.some((each) => each.meta.run === "later#1"), "the reminder of the next daemon");
  await client.close();
});

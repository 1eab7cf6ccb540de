// Fronts, the daemon they share, and what happens when either dies.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { clients, Home, textOf, until } from "./lib.mjs";

const stdioV1 = (await clients()).find((kind) => kind.name === "v1 stdio");

test("three fronts at once on a clean home share one daemon and killing them leaves the schedule alive", async () => {
  const home = new Home({}, {}, { bare: true });
  try {
    const fronts = await Promise.all([1, 2, 3].map(() => stdioV1.connect(home)));
    const answers = await Promise.all(fronts.map((client) => client.callTool({ name: "get_status", arguments: {} })));
    for (const answer of answers) assert.ok(!answer.isError, textOf(answer));
    const status = await home.status();
    const daemons = execFileSync("pgrep", ["-f", `${home.environment.CARILLON_HOME}/postgres`]).toString().trim().split("\n");
    assert.ok(status.pid > 0 && daemons.length >= 1);
    await fronts[0].callTool({ name: "schedule_task", arguments: { name: "survivor", when: "in 2s", tool: "carillon.echo", arguments: { message: "alive" } } });
    for (const client of fronts) process.kill(client.transport.pid, "SIGKILL");
    await until(async () => (await home.call("list_runs", { task: "survivor" })).runs.some((run) => (run.status ?? run.state) === "succeeded"), "the run of the killed front");
    assert.equal((await home.status()).pid, status.pid);
  } finally { await home.end(); }
});

test("a front outlives its daemon: the next call is served by a new one", async () => {
  const home = new Home();
  try {
    const client = await stdioV1.connect(home);
    const { pid } = await home.status();
    process.kill(pid, "SIGKILL");
    const answer = await until(async () => {
      try { return await client.callTool({ name: "get_status", arguments: {} }); } catch (error) { if (/restarted/.test(error.message)) return null; throw error; }
    }, "an answer from the next daemon");
    assert.ok(!answer.isError);
    assert.notEqual((await home.status()).pid, pid);
    await client.close();
  } finally { await home.end(); }
});

test("a front's zone is its callers' where it is another than the daemon's and none is configured", async () => {
  const home = new Home();
  const abroad = () => stdioV1.connect({ environment: { ...home.environment, TZ: "Asia/Tokyo" } });
  const now = async (client) => (await client.callTool({ name: "get_status", arguments: {} })).structuredContent.now;
  try {
    const daemon = await home.serve();
    const client = await abroad();
    assert.match(await now(client), /Asia\/Tokyo/);
    const created = await client.callTool({ name: "schedule_task", arguments: { name: "tea", when: "every day at 07:30", message: "x" } });
    assert.equal(created.structuredContent.schedule.timezone, "Asia/Tokyo");
    await client.close();
    assert.equal((await home.call("get_task", { task: "tea" })).schedule.timezone, "Asia/Tokyo", "it stays with the task");
    assert.match((await home.call("get_status")).now, /Europe\/Berlin/);

    daemon.kill("SIGTERM");
    await daemon.gone;
    await home.serve([], { CARILLON_TOOLS_TIMEZONE: "America/New_York" });
    const again = await abroad();
    assert.match(await now(again), /America\/New_York/);
    await again.close();
  } finally { await home.end(); }
});

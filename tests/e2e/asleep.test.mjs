// A machine that was off for three days or an hour, one that wakes without a network, and one whose clock is set: what was missed is made up
// for once, what calls servers waits for the network, and no second comes twice or not at all.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { Home, program, standIn, until } from "./lib.mjs";

const withStandIn = () => {
  const home = new Home();
  writeFileSync(path.join(home.environment.CARILLON_HOME, "servers.json"), JSON.stringify({ mcpServers: { far: standIn() } }));
  return home;
};
const stop = async (daemon) => { daemon.kill("SIGTERM"); await daemon.gone; };
// A time of day two hours ago: in three days its last slot will be two hours late.
const twoHoursAgo = () => new Date(Date.now() - 2 * 3_600_000).toISOString().slice(11, 16);

async function scheduleAndSleep(home) {
  const daemon = await home.serve();
  const utc = { timezone: "UTC" };
  await home.call("schedule_task", { name: "morning", when: `every day at ${twoHoursAgo()}`, tool: "far.add", arguments: { a: 1, b: 2 }, ...utc });
  await home.call("schedule_task", { name: "poll", when: "every 15m", tool: "carillon.echo", arguments: { message: "x" }, ...utc });
  await home.call("schedule_task", { name: "note", when: `every day at ${twoHoursAgo()}`, message: "good morning", ...utc });
  await stop(daemon);
}

// Why this kernel gives us no network namespace; empty: it does.
const refusal = () => { const tried = spawnSync("unshare", ["-n", "true"], { encoding: "utf8" }); return tried.status === 0 ? "" : `the kernel refuses a network namespace: ${tried.stderr}`; };

const runsOf = async (home, task) => (await home.call("list_runs", { task, limit: 50 })).runs;
const detailOf = (home, runs) => home.call("get_run", { run: runs.find((run) => run.status === "succeeded").run });
const settled = async (home, task) => {
  const runs = await runsOf(home, task);
  return runs.some((run) => run.status === "succeeded") ? runs : null;
};

describe("a machine asleep", { concurrency: true }, () => {
  test("three days asleep: one run of what is daily, none of what is frequent, and a row for what was missed", async () => {
    const home = withStandIn();
    try {
      await scheduleAndSleep(home);
      // Nor is there a network afterwards, where the kernel lets us take it away: what waits for one begins after the longest wait.
      const alone = refusal() === "";
      const daemon = home.start(["serve", "--clock-shift", "3d7m", "--set", "worker.network_wait=2s"], {}, alone ? ["unshare", "-n", program] : [program]);
      await until(async () => (await home.status()).state === "ready", "the daemon to be ready");
      const morning = await until(() => settled(home, "morning"), "the catch-up");
      assert.deepEqual(morning.map((run) => run.status).sort(), ["missed", "succeeded"]);
      const detail = await detailOf(home, morning);
      assert.match(detail.late_by, /^2 h [78] m/);
      if (alone) assert.match(detail.reason, /late; (waits until there is a|there was no) network/);
      if (alone) assert.match(daemon.errors, /there is no network; late runs/);
      const poll = await until(async () => { const runs = await runsOf(home, "poll"); return runs.length > 0 ? runs : null; }, "the missed slots");
      assert.deepEqual(poll.map((run) => [run.status, run.folded]), [["missed", 287]]);
      const told = (await home.call("get_status")).since_last_asked;
      assert.ok(told.missed > 0, JSON.stringify(told));
    } finally { await home.end(); }
  });

  test("an hour asleep: the reminder comes late, once, and what is frequent goes on with its next slot", async () => {
    const home = new Home();
    try {
      const daemon = await home.serve();
      await home.call("schedule_task", { name: "reminder", when: "in 30m", message: "stretch" });
      await home.call("schedule_task", { name: "poll", when: "every 15m", tool: "carillon.echo", arguments: { message: "x" } });
      await stop(daemon);
      await home.serve(["--clock-shift", "1h7m"]);
      const reminder = await until(() => settled(home, "reminder"), "the reminder");
      assert.deepEqual(reminder.map((run) => run.status), ["succeeded"]);
      assert.match((await detailOf(home, reminder)).late_by, /^3[67] m/);
      const poll = await until(async () => { const runs = await runsOf(home, "poll"); return runs.length > 0 ? runs : null; }, "the missed slots");
      assert.deepEqual(poll.map((run) => [run.status, run.folded]), [["missed", 3]]);
      const next = (await home.call("get_status")).next.find((entry) => entry.task === "poll");
      assert.match(next.at, /in [678] min/);
    } finally { await home.end(); }
  });

  test("a machine that wakes without a network runs what calls nobody and the rest once there is one", async (context) => {
    if (refusal() !== "") {
      console.error(`NOT TESTED: ${refusal()}`);
      return context.skip(refusal());
    }
    const home = withStandIn();
    try {
      await scheduleAndSleep(home);
      const daemon = home.start(["serve", "--clock-shift", "3d", "--set", "http.listen="], {}, ["unshare", "-n", program]);
      await until(async () => (await home.status()).state === "ready", "the daemon to be ready");
      await until(() => settled(home, "note"), "the message, which needs no network");
      const waiting = (await runsOf(home, "morning")).find((run) => run.status === "queued");
      assert.ok(waiting, "what calls a server waits");
      assert.match((await home.call("get_run", { run: waiting.run })).reason, /waits until there is a network/);

      const pid = (await home.status()).pid;
      const inside = (...words) => execFileSync("nsenter", ["-t", String(pid), "-n", "ip", ...words]);
      inside("link", "add", "net0", "type", "veth", "peer", "name", "net1");
      inside("addr", "add", "192.0.2.1/24", "dev", "net0");
      inside("link", "set", "net1", "up");
      inside("link", "set", "net0", "up");
      const morning = await until(() => settled(home, "morning"), "the run after the network came");
      assert.equal(morning.filter((run) => run.status === "succeeded").length, 1);
      assert.match(daemon.errors, /late runs wait for the network no more/);
    } finally { await home.end(); }
  });

  test("a host clock that is set an hour forward and back moves no slot", async () => {
    const library = ["x86_64", "aarch64"].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`).find(existsSync);
    assert.ok(library, "libfaketime is there (scripts/setup --tests)");
    const home = new Home();
    const offset = path.join(home.directory, "offset");
    writeFileSync(offset, "+0\n");
    try {
      const daemon = await home.serve([], { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: offset, FAKETIME_NO_CACHE: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1" });
      await home.call("schedule_task", { name: "beat", when: "every 1s", tool: "carillon.echo", arguments: { message: "beat" }, options: { overlap: "allow" } });
      const ran = async (n) => until(async () => (await runsOf(home, "beat")).filter((run) => run.status === "succeeded").length >= n, `${n} runs`);
      await ran(2);
      for (const [text, times] of [["+1h\n", 1], ["-1h\n", 2]]) {
        writeFileSync(offset, text);
        await until(() => daemon.errors.split("the machine's clock was set").length > times, "the step to be noticed");
        await ran(2 + times);
      }
      await home.call("set_task_state", { tasks: ["beat"], state: "paused" });
      const url = (await home.run(["migrate", "url"])).stdout.trim();
      const ask = (sql) => execFileSync("psql", ["-X", "-q", "-A", "-t", url], { input: sql, encoding: "utf8" }).trim();
      await until(() => ask("SELECT (SELECT count(*) FROM carillon.run_ready) + (SELECT count(*) FROM carillon.run_live)") === "0", "the last run to end");
      assert.equal(ask(`SELECT sum(1 + CASE WHEN slot_until IS NULL THEN 0 ELSE folded END) = extract(epoch FROM max(coalesce(slot_until, slot)) - min(slot)) + 1 AND count(DISTINCT slot) = count(*)
        FROM carillon.run_history WHERE origin = 'schedule'`), "t", "each second once");
    } finally { await home.end(); }
  });
});

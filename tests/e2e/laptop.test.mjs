// A laptop that is closed on Sunday night and opened on Monday without a network (spec, scenarios, E6), by every client, over stdio
// and HTTP, in both eras. The test runs itself once more in a network namespace of its own, in which there is no network until it
// makes one; the daemon's clock is moved to the hours of the scenario.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { clients, Home, node, standIn, textOf, until } from "./lib.mjs";

const inside = process.env.CARILLON_TEST_NAMESPACE === "own";
const minute = 60_000;
// Milliseconds from now to the next Sunday that is at least a day ahead, 23:00 in Berlin (one offset is right all over that night).
function untilSundayNight() {
  const day = new Date(Date.now() + 24 * 60 * minute);
  while (day.toLocaleDateString("en", { weekday: "short", timeZone: "Europe/Berlin" }) !== "Sun") day.setTime(day.getTime() + 24 * 60 * minute);
  const date = day.toLocaleDateString("sv", { timeZone: "Europe/Berlin" });
  const wanted = new Date(`${date}T23:00:00Z`);
  const shown = new Date(`${wanted.toLocaleString("sv", { timeZone: "Europe/Berlin" }).replace(" ", "T")}Z`);
  return wanted.getTime() - (shown.getTime() - wanted.getTime()) - Date.now();
}
const shift = (milliseconds) => `${Math.round(milliseconds / 1000)}s`;

if (!inside) {
  test("a laptop is opened in the morning without a network (E6)", (context) => {
    const refused = spawnSync("unshare", ["-n", "true"], { encoding: "utf8" });
    if (refused.status !== 0) {
      console.error(`NOT TESTED: the kernel refuses a network namespace: ${refused.stderr}`);
      return context.skip(`the kernel refuses a network namespace: ${refused.stderr}`);
    }
    const environment = { ...process.env, CARILLON_TEST_NAMESPACE: "own" };
    delete environment.NODE_TEST_CONTEXT;  // the inner test tells its own results
    const ran = spawnSync("unshare", ["-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", node, "--test", "--test-reporter=spec", fileURLToPath(import.meta.url)], { env: environment, encoding: "utf8" });
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  });
} else {
  const all = await clients();
  const slugs = all.map((kind) => kind.name.replaceAll(" ", "-"));
  const over = async (home, kind, work) => {
    const client = await kind.connect(home);
    const answered = async (name, args) => {
      const result = await client.callTool({ name, arguments: args });
      assert.ok(!result.isError, textOf(result));
      return result.structuredContent;
    };
    try { return await work(answered); } finally { await client.close(); }
  };
  const runsOf = async (call, task) => (await call("list_runs", { task, response_format: "detailed", limit: 50 })).runs;
  const connectNetwork = () => {
    for (const words of ["link add net0 type veth peer name net1", "addr add 192.0.2.1/24 dev net0", "link set net1 up", "link set net0 up"]) execFileSync("ip", words.split(" "));
  };

  test("E6", async () => {
    const home = new Home();
    const journal = path.join(home.directory, "journal");
    const told = () => (existsSync(journal) ? readFileSync(journal, "utf8").trim().split("\n").map((line) => JSON.parse(line)) : []).filter((each) => each.event === "call");
    writeFileSync(path.join(home.environment.CARILLON_HOME, "servers.json"), JSON.stringify({ mcpServers: { far: standIn("--journal", journal) } }));
    const each = (work) => Promise.all(all.map((kind, i) => over(home, kind, (call) => work(call, slugs[i]))));
    try {
      const sunday = untilSundayNight() + minute / 3;  // shifts are whole seconds: behind the hour, whichever way they are rounded
      let daemon = await home.serve(["--clock-shift", shift(sunday)]);
      await each(async (call, slug) => {
        const berlin = { timezone: "Europe/Berlin", notify: ["far.record"] };
        await call("schedule_task", { name: `morning-brief-${slug}`, when: "weekdays at 07:30", tool: "far.add", arguments: { a: 1, b: 2 }, ...berlin });
        await call("schedule_task", { name: `poll-${slug}`, when: "every 15m", tool: "far.add", arguments: { a: 1, b: 2 }, ...berlin });
      });
      daemon.kill("SIGKILL");
      await daemon.gone;

      // 09:10: no network. What calls a server waits; everybody who asks hears why.
      daemon = await home.serve(["--clock-shift", shift(sunday + 610 * minute)]);
      await each(async (call, slug) => {
        const brief = await until(async () => (await runsOf(call, `morning-brief-${slug}`))[0], "the catch-up");
        assert.equal(brief.status, "queued");
        assert.match(brief.reason, /waits until there is a network/);
        const poll = await until(async () => { const runs = await runsOf(call, `poll-${slug}`); return runs.length > 0 && runs; }, "the missed slots");
        assert.deepEqual(poll.map((run) => run.status), ["missed"]);
        const { outages } = (await call("get_status", {})).since_last_asked;
        assert.equal(outages.length, 1);
        assert.equal(outages[0].because, "Carillon was not running");
        assert.match(outages[0].from, /^Sun .* 23:0\d/);
        assert.match(outages[0].until, /^Mon .* 09:10/);
      });
      assert.equal(told().length, 0);
      daemon.kill("SIGKILL");
      await daemon.gone;

      // 09:13: there is one.
      connectNetwork();
      await home.serve(["--clock-shift", shift(sunday + 613 * minute)]);
      await each(async (call, slug) => {
        const name = `morning-brief-${slug}`;
        const brief = await until(async () => { const runs = await runsOf(call, name); return runs[0].status === "succeeded" && runs; }, "the run after the network came");
        assert.equal(brief.length, 1);
        const detail = await call("get_run", { run: brief[0].run });
        assert.match(detail.late_by, /^1 h 43 m/);
        assert.match(detail.reason, /there was no network/);
        const { outages } = (await call("get_status", {})).since_last_asked;
        const lines = outages.flatMap((outage) => outage.tasks);
        assert.equal(lines.length, 10);
        assert.match(JSON.stringify(lines), /morning-brief-[^ ]*: ran at Mon [^ ]* 09:13 Europe\/Berlin, 1h43m late/);
        assert.match(JSON.stringify(lines.concat(outages)), /"tasks_in_all":12/);
      });
      // One message for the owner, whatever was late or missed.
      const records = () => told().filter((call) => call.tool === "record");
      await until(() => records().length > 0, "the message");
      assert.equal(told().filter((call) => call.tool === "add").length, all.length, "each catch-up called its server once");
      assert.equal(records().length, 1);
      const text = JSON.stringify(records()[0]);
      assert.match(text, /Carillon was not running from Sun [^ ]* 23:0\d Europe\/Berlin until Mon [^ ]* 09:10 Europe\/Berlin/);
      for (const slug of slugs) {
        assert.match(text, new RegExp(`morning-brief-${slug}#1: ran at Mon [^ ]* 09:13 Europe/Berlin, 1h43m late`));
        assert.match(text, new RegExp(`poll-${slug}: 4\\d slots missed`));
      }
    } finally { await home.end(); }
  });
}

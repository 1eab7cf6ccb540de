// Policies over the command line, with the real program: what a pause makes up for, runs beside each other, quiet hours,
// calendars and past slots. Those of the scenarios are in scenarios.test.mjs.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { Home, standIn, until } from "./lib.mjs";

let home;
before(async () => {
  home = new Home({ s: standIn() }, { CARILLON_QUIET_HOURS_NOTIFY: "00:00-23:59" });
  await home.serve();
});
after(() => home.end());

const finished = (run) => ["succeeded", "failed", "cancelled", "unknown", "missed", "skipped"].includes(run.status);
const runs = async (task) => (await home.call("list_runs", { task, response_format: "detailed", limit: 50 })).runs;
// What a tool refuses: the code and the rest of its answer.
const refused = async (tool, args) => {
  const answer = await home.run(["call", tool, "--json", "--args", JSON.stringify(args)]);
  assert.equal(answer.code, 1, answer.stdout);
  return JSON.parse(answer.stdout);
};
const inADay = (hours) => new Date(Date.now() + hours * 3600_000).toISOString().slice(0, 10);

describe("policies", { concurrency: true }, () => {
  test("a pause that says so makes up for its latest slot once", async () => {
    await home.call("schedule_task", { name: "beat", when: "every 1s", tool: "s.echo", arguments: { message: "x" }, tags: ["beat"] });
    await home.call("set_task_state", { tag: "beat", state: "paused", until: "in 3s", meanwhile: "once", reason: "away" });
    await until(async () => (await home.call("get_task", { task: "beat" })).state === "active", "the pause to end");
    const told = await until(async () => { const rows = await runs("beat"); return rows.some((run) => /paused: away/.test(run.reason ?? "")) && rows; }, "the row of the pause");
    assert.ok(told.some((run) => run.reason === "its slot fell into a pause"), JSON.stringify(told));
    await home.call("delete_item", { kind: "task", name: "beat" });
  });

  test("what was previewed is saved, anything else refused", async () => {
    const { confirm } = await home.call("preview", { when: "in 20m" });
    assert.match(JSON.stringify(await refused("schedule_task", { name: "tea", when: "in 21m", message: "x", confirm })), /differ in when/);
    assert.equal((await home.call("schedule_task", { name: "tea", when: "in 20m", message: "x", confirm })).result, "created");
  });

  test("at most max_parallel runs go on at once and the next one says for whom it waits", async () => {
    const file = `${home.directory}/go`;
    await home.call("schedule_task", { name: "wide", when: "manual", tool: "s.wait_for_file", arguments: { path: file }, options: { max_parallel: 2, overlap: "allow", timeout: "60s" } });
    for (let i = 0; i < 3; ++i) await home.call("run_now", { task: "wide" });
    const waiting = await until(async () => (await runs("wide")).find((run) => run.waits_for), "a run that waits");
    assert.match(waiting.waits_for, /^one of wide#\d+, wide#\d+ must end first: max_parallel is 2$/);
    writeFileSync(file, "");
    await until(async () => (await runs("wide")).every(finished), "all of them");
  });

  test("a message in quiet hours waits for their end and keeps its slot", async () => {
    await home.call("schedule_task", { name: "hush", when: "in 1s", message: "psst" });
    const [run] = await until(async () => { const rows = await runs("hush"); return rows.length > 0 && rows; }, "the deferred run");
    if (/23:59/.test(new Date().toTimeString())) return;  // the one minute that is not quiet
    assert.equal(run.status, "queued");
    assert.equal(run.reason, "deferred by quiet hours 00:00-23:59 of messages");
  });

  test("a calendar moves the next slot of its task at once and is not deleted while it is used", async () => {
    const said = async (...words) => { const answer = await home.run(["calendar", ...words]); return { ...answer, all: answer.stdout + answer.stderr }; };
    assert.equal((await said("add", "away", "2020-01-01")).code, 0);
    await home.call("schedule_task", { name: "daily", when: "every day at 12:00", timezone: "UTC", tool: "s.echo", arguments: { message: "x" }, options: { calendars: ["away"] } });
    const changed = await said("add", "away", `${inADay(0)}..${inADay(24 * 9)}`);
    assert.match(changed.all, /away updated: 10 days\n {2}next slots derived anew: daily/);
    const task = await home.call("get_task", { task: "daily" });
    assert.match(task.schedule.next[0], new RegExp(inADay(24 * 10)));
    const kept = await said("delete", "away");
    assert.equal(kept.code, 1);
    assert.match(kept.all, /used by daily/);
    assert.match((await said("show", "away")).all, /used by daily/);
    const ics = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261227\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert.equal((await home.run(["calendar", "add", "holidays", "--ics", "-"], { input: ics })).code, 0);
    assert.match((await said("show", "holidays")).all, /^2026-12-25, 2026-12-26\n/);
    const cut = await home.run(["calendar", "add", "holidays", "--ics", "-"], { input: ics.slice(0, 80) });
    assert.equal(cut.code, 1);
    assert.match(cut.stderr, /line 6: the text ends within the VEVENT that begins in line 4/);
    assert.equal((await said("delete", "holidays")).code, 0);
    assert.equal((await said("add", "away", "christmas")).code, 1);
    assert.equal((await said("add")).code, 2);
  });

  test("a backfill runs past slots once", async () => {
    await home.call("schedule_task", { name: "past", when: "cron 0 0 * * *", timezone: "UTC", tool: "s.echo", arguments: { message: "x" } });
    const backfill = (...more) => home.run(["backfill", "past", "--from", `${inADay(-48)}T00:00:00Z`, ...more]);
    assert.match((await backfill("--dry-run")).stdout, /would run\n3 slots without a run; 0 had their run/);
    const done = await backfill();
    assert.match(done.stdout, /past#\d+\n3 slots queued; 0 had their run/);
    await until(async () => { const rows = await runs("past"); return rows.length === 3 && rows.every((run) => run.status === "succeeded"); }, "the three runs");
    assert.match((await backfill()).stdout, /0 slots without a run; 3 had their run/);
  });
});

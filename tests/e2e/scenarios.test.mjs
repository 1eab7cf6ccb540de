// Scenarios of people that have no file of their own (spec, scenarios): each by every client, over stdio and HTTP, in both eras.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { answered, clients, Home, program, refused, standIn, textOf, until, withClient } from "./lib.mjs";

const all = await clients();
let home;

before(async () => {
  home = new Home({ s: standIn() });
  await home.serve();
});
after(() => home.end());

const over = (kind, work) => withClient(home, kind, work);
const runsOf = async (call, task) => (await answered(call("list_runs", { task, response_format: "detailed", limit: 50 }))).runs;
const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

function ask(sql) {
  const url = execFileSync(program, ["migrate", "url"], { env: home.environment, encoding: "utf8" }).trim();
  return execFileSync("psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url, "-c", sql], { encoding: "utf8" }).trim();
}

// Makes the runs of a task as long as if they had taken so much: a test that waits for them would take that long, too.
function aged(task, duration) {
  ask(`UPDATE carillon.run_history h SET started_at = finished_at - interval '${duration}' FROM carillon.task t WHERE h.task_id = t.task_id AND t.name = '${task}'`);
}

// As Standard Webhooks has it.
function post({ address, secret }, id, body) {
  const at = Math.floor(Date.now() / 1000), key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${at}.${body}`).digest("base64");
  return fetch(address, { method: "POST", body, headers: { "content-type": "application/json", "webhook-id": id, "webhook-timestamp": `${at}`, "webhook-signature": `v1,${signature}` } });
}

describe("scenarios", { concurrency: true }, () => all.forEach((kind) => describe(`of ${kind.name}`, { concurrency: true }, () => {
  const other = all[(all.indexOf(kind) + 1) % all.length];
  const slug = kind.name.replaceAll(" ", "-");

  test("a briefing is saved, looked at, scheduled and seen by another client (E2)", () => over(kind, async (call) => {
    const name = `news-${slug}`;
    assert.match(JSON.stringify(await answered(call("search_tools", { query: "echo" }))), /s\.echo/);
    const steps = [
      { id: "issues", uses: "s.add", with: { a: "${input.open}", b: 2 } },
      { id: "mail", uses: "s.echo", needs: [], with: { message: "five mails since ${run.previous_success_at || 'ever'}" } },
      { id: "post", uses: "s.record_again", needs: ["issues", "mail"], with: { message: "${steps.issues.sum} issues" } }];
    const saved = await answered(call("save_pipeline", { name, steps }));
    assert.equal(saved.order, "issues, mail; post");
    const { plan } = await answered(call("preview", { pipeline: name, input: { open: 40 } }));
    assert.deepEqual(plan.map((row) => [row.step, row.stage, row.effect]), [["issues", 1, "read"], ["mail", 1, "read"], ["post", 2, "write"]]);
    assert.deepEqual(plan[0].arguments, { a: 40, b: 2 });
    assert.deepEqual(plan[2].filled_in_by_the_run, ["/message: ${steps.issues.sum} issues"]);
    await answered(call("schedule_task", { name: `morning-${name}`, when: "weekdays at 07:30", pipeline: name, input: { open: 40 } }));
    await over(other, async (ask) => {
      const { tasks } = await answered(ask("list_tasks", { query: `morning-${name}`, response_format: "detailed" }));
      assert.deepEqual(tasks.map((row) => [row.task, row.action]), [[`morning-${name}`, `pipeline ${name}@1`]]);
      const { run } = await answered(ask("run_now", { task: `morning-${name}`, wait_seconds: 30 }));
      const ended = await answered(ask("get_run", { run, include: ["steps"], wait_seconds: 30 }));
      assert.equal(ended.status, "succeeded");
      assert.deepEqual(ended.steps.map((step) => step.status), ["succeeded", "succeeded", "succeeded"]);
      assert.equal(ended.cost_usd ?? 0, 0);
    });
  }));

  test("a time that a clock change takes out or gives twice, and weekdays of the task's zone (E3)", () => over(kind, async (call) => {
    const within = async (when, timezone, from, to) => (await answered(call("preview", { when, timezone, from, to }))).next;
    const spring = await within("every day at 02:30", "Europe/Berlin", "2027-03-27", "2027-03-30");
    assert.deepEqual(spring.map((slot) => slot.at.slice(5, 16)), ["03-27T02:30", "03-28T03:30", "03-29T02:30"]);
    assert.match(spring[1].note, /02:30 does not exist on 2027-03-28/);
    const autumn = await within("every day at 02:30", "Europe/Berlin", "2027-10-31", "2027-11-01");
    assert.deepEqual(autumn.map((slot) => slot.at), ["2027-10-31T02:30:00+02:00"]);
    const both = await answered(call("preview", { when: "every day at 02:30", timezone: "Europe/Berlin", dst_overlap: "both", from: "2027-10-31", to: "2027-11-01" }));
    assert.equal(both.next.length, 2);
    // A Friday to a Tuesday; the Monday's 04:10 is still Sunday in UTC and in Berlin.
    const weekdays = await within("weekdays at 04:10", "Asia/Singapore", "2026-11-20T14:00:00+01:00", "2026-11-24T12:00:00+08:00");
    assert.deepEqual(weekdays.map((slot) => slot.at), ["2026-11-23T04:10:00+08:00", "2026-11-24T04:10:00+08:00"]);
  }));

  test("what is ambiguous or past is refused with what would work and saves nothing (E4)", () => over(kind, async (call) => {
    const ambiguous = await refused(call("schedule_task", { name: `never-${slug}`, when: "30m", message: "x" }));
    assert.match(ambiguous, /when_ambiguous[^]*in 30m[^]*every 30m/);
    const soon = inDays(20);  // a date typed with last year's number
    const past = await refused(call("schedule_task", { name: `never-${slug}`, when: `${soon.slice(0, 4) - 1}${soon.slice(4)} 09:00`, message: "x" }));
    assert.match(past, /when_in_past/);
    assert.match(past, new RegExp(`${soon} 09:00`));
    assert.match(past, new RegExp(`"now":"[^"]*${new Date().getFullYear()}`));
    assert.equal((await answered(call("list_tasks", { query: `never-${slug}` }))).total, 0);
  }));

  test("an event and a delivery start a pipeline once each, and what is signed wrongly leaves a row (E15)", () => over(kind, async (call) => {
    const say = (message) => [{ id: "say", uses: "s.echo", with: { message } }];
    const smoke = `smoke-${slug}`, triage = `triage-${slug}`, event = `deploy.finished.${slug.replaceAll("-", "_")}`;
    await answered(call("save_pipeline", { name: smoke, steps: say("${event.payload.env}") }));
    await answered(call("schedule_task", { name: `on-${smoke}`, when: `on event ${event}`, pipeline: smoke }));
    const told = { event, payload: { env: "prod" }, key: "d-81" };
    const first = await answered(call("publish_event", told));
    assert.deepEqual(first.set_off, [`on-${smoke}`]);
    assert.equal((await answered(call("publish_event", told))).duplicate_of, first.event_id);
    const done = (task) => until(async () => (await runsOf(call, task)).find((run) => run.status === "succeeded"), `a run of ${task}`);
    const output = async ({ run }) => JSON.stringify((await answered(call("get_run", { run }))).output);
    assert.match(await output(await done(`on-${smoke}`)), /prod/);
    assert.equal((await runsOf(call, `on-${smoke}`)).length, 1);

    await answered(call("save_pipeline", { name: triage, steps: say("issue ${input.issue} of ${event.payload.by}") }));
    const { webhook, task } = await answered(call("schedule_task", { name: `hook-${slug}`, when: "on webhook", pipeline: triage }));
    const shown = await answered(call("get_task", { task }));
    assert.deepEqual(shown.webhook, { address: webhook.address });
    assert.doesNotMatch(JSON.stringify(shown), /whsec_/);
    const refusals = `SELECT count(*) FROM carillon.audit a JOIN carillon.task t ON a.subject = 'task:' || t.task_id WHERE a.action = 'refuse_webhook' AND t.name = '${task}'`;
    assert.equal((await post({ ...webhook, secret: "whsec_d3Jvbmc=" }, "m1", '{"issue": 12}')).status, 401);
    assert.equal(ask(refusals), "1");
    assert.equal((await runsOf(call, task)).length, 0);
    assert.equal((await post(webhook, "m1", '{"issue": 12, "by": "anna"}')).status, 202);
    assert.match(await output(await done(task)), /issue 12 of anna/);
    assert.equal((await post(webhook, "m1", '{"issue": 12, "by": "anna"}')).status, 200);
    assert.equal((await runsOf(call, task)).length, 1);
    assert.equal(ask(refusals), "1");
  }));

  test(`the same request from ${kind.name} and ${other.name} at once makes one task (E5)`, async () => {
    const wanted = { name: `tidy-${slug}`, when: "every day at 09:00", tool: "carillon.echo", arguments: { message: slug } };
    const answers = await Promise.all([kind, other].map((each) => over(each, (call) => call("schedule_task", wanted))));
    for (const answer of answers) assert.ok(!answer.isError, textOf(answer));
    assert.deepEqual(answers.map((answer) => answer.structuredContent.result).sort(), ["created", "unchanged"]);

    await over(kind, async (call) => {
      const taken = await call("schedule_task", { ...wanted, when: "every day at 10:00" });
      assert.ok(taken.isError);
      assert.match(textOf(taken), /name_taken/);
      assert.match(textOf(taken), /09:00/);  // what is saved
      assert.match(textOf(taken), /10:00/);  // what was asked
      const twin = await call("schedule_task", { ...wanted, name: `twin-${slug}` });
      assert.equal(twin.structuredContent.result, "created");
      assert.match(JSON.stringify(twin.structuredContent.similar), new RegExp(`tidy-${slug}`));
      for (const name of [`tidy-${slug}`, `twin-${slug}`]) assert.equal((await call("list_tasks", { query: name })).structuredContent.total, 1);
    });
  });

  test(`a reminder comes, is put off and comes again for ${kind.name} (E1)`, async () => {
    const task = `check-${slug}`;
    await over(kind, async (call) => {
      const succeeded = (count) => until(async () => {
        const { runs } = (await call("list_runs", { task })).structuredContent;
        return runs.filter((run) => run.status === "succeeded").length === count;
      }, `run ${count} of ${task}`);
      const saved = await call("schedule_task", { name: task, when: "in 1s", message: "Check the build" });
      assert.ok(!saved.isError, textOf(saved));
      await succeeded(1);
      assert.match(textOf(await call("get_task", { task })), /done/);
      const later = await call("snooze", { run: `${task}#1`, for: "1s" });
      assert.ok(!later.isError, textOf(later));
      await succeeded(2);
      assert.match(textOf(await call("get_run", { run: `${task}#2` })), /Check the build/);
      assert.match(textOf(await call("get_task", { task })), /done/);
    });
  });

  test("slots are skipped with their reason, and a tag that is paused comes back with what it left out (E9)", () => over(kind, async (call) => {
    const tool = { tool: "s.echo", arguments: { message: "x" } };
    const leftOut = async (task) => (await answered(call("list_runs", { task, status: ["skipped"], response_format: "detailed" }))).runs;
    const brief = `brief-${slug}`, beat = `beat-${slug}`;
    const { schedule } = await answered(call("schedule_task", { name: brief, when: "every day at 07:30", ...tool, tags: [`work-${slug}`] }));
    const snoozed = await answered(call("snooze", { task: brief, skip: 2, reason: "holiday" }));
    assert.equal(snoozed.skipped.length, 2);
    assert.equal(snoozed.next.slice(0, 20), schedule.next[2].slice(0, 20));  // "Mon 2026-11-23 07:30"

    await answered(call("schedule_task", { name: beat, when: "every 1s", ...tool, tags: [`work-${slug}`], options: { misfire: "all", overlap: "allow" } }));
    await answered(call("snooze", { task: beat, skip: 2, reason: "holiday" }));
    const skipped = await until(async () => { const rows = (await leftOut(beat)).filter((run) => /holiday/.test(run.reason ?? "")); return rows.reduce((sum, row) => sum + 1 + (row.folded ?? 0), 0) === 2 && rows; }, "the rows of what was skipped");
    for (const row of skipped) assert.match(row.reason, /^snoozed/);

    const paused = await answered(call("set_task_state", { tag: `work-${slug}`, state: "paused", until: "in 2s", reason: "away" }));
    assert.deepEqual(paused.tasks.map((task) => task.name ?? task.task ?? task).sort(), [beat, brief].sort());
    await until(async () => (await answered(call("get_task", { task: beat }))).state === "active", "the pause to end by itself");
    await until(async () => (await leftOut(beat)).some((run) => /paused: away/.test(run.reason ?? "")), "what the pause left out");
    assert.ok(!(await runsOf(call, beat)).some((run) => /fell into a pause/.test(run.reason ?? "")), "nothing is made up for");
    await answered(call("delete_item", { kind: "task", name: beat }));
    const long = await answered(call("set_task_state", { tag: `work-${slug}`, state: "paused", until: `${inDays(16)} 06:00` }));
    assert.match(JSON.stringify(long), new RegExp(inDays(16)));
  }));

  test("conflicts are told with a way out, and a slot that comes while a run goes on leaves a row (E10)", () => over(kind, async (call) => {
    for (const name of [`one-${slug}`, `two-${slug}`]) await answered(call("schedule_task", { name, when: "every day at 09:00", tool: "s.echo", arguments: { message: name }, lock: `reports-${slug}` }));
    const { conflicts } = await answered(call("preview", { task: `one-${slug}` }));
    assert.deepEqual(conflicts.map((conflict) => [conflict.kind, conflict.with]), [["same_lock", `two-${slug}`]]);
    assert.match(conflicts[0].suggestion, /move one of them/);

    const sync = `sync-${slug}`;
    await answered(call("schedule_task", { name: sync, when: "every 5m", tool: "s.echo", arguments: { message: "x" } }));
    await answered(call("run_now", { task: sync, wait_seconds: 30 }));
    aged(sync, "7 minutes");
    const itself = (await answered(call("preview", { task: sync }))).conflicts.find((conflict) => conflict.kind === "overlaps_itself");
    assert.equal(itself.suggestion, "every 10m");

    const busy = `busy-${slug}`, file = `${home.directory}/go-${slug}`;
    await answered(call("schedule_task", { name: busy, when: "every 1s", tool: "s.wait_for_file", arguments: { path: file }, options: { overlap: "skip" } }));
    const row = await until(async () => (await runsOf(call, busy)).find((run) => /overlap/.test(run.reason ?? "")), "a slot that is skipped");
    assert.equal(row.status, "skipped");
    writeFileSync(file, "");
    await until(async () => (await runsOf(call, busy)).some((run) => run.status === "succeeded"), "the run that it was skipped for");
    await answered(call("delete_item", { kind: "task", name: busy }));
  }));
})));

// Runs of steps once more: from the step that failed, from any step, by every client (spec, scenario E12).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { clients, Home, standIn, textOf, until } from "./lib.mjs";

// A stand-in that speaks HTTP, so that it can say 429. Its journal says what reached it.
class Remote {
  constructor(directory) {
    this.journal = `${directory}/remote.jsonl`;
    const { command, args } = standIn("--http", "0", "--journal", this.journal);
    this.child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.port = new Promise((resolve) => this.child.stdout.once("data", (data) => resolve(/\d+/.exec(data)[0])));
  }
  calls() {
    return (existsSync(this.journal) ? readFileSync(this.journal, "utf8").trim().split("\n").filter(Boolean).map((line) => JSON.parse(line)) : []).filter((entry) => entry.event === "call");
  }
  end() { this.child.kill("SIGKILL"); }
}

let home, remote;
before(async () => {
  home = new Home();
  remote = new Remote(home.directory);
  const url = `http://127.0.0.1:${await remote.port}/mcp`;
  writeFileSync(`${home.environment.CARILLON_HOME}/servers.json`, JSON.stringify({ mcpServers: { flaky: { url } } }));
  await home.serve();
});
after(async () => { remote.end(); await home.end(); });

const answered = async (call) => { const result = await call; assert.ok(!result.isError, textOf(result)); return result.structuredContent; };
const stepsOf = (detail) => Object.fromEntries(detail.steps.map(({ step, status }) => [step, status]));

describe("runs of steps once more", async () => (await clients()).forEach((kind) => describe(`of ${kind.name}`, () => {
  const slug = kind.name.replaceAll(" ", "-");
  const over = async (work) => {
    const client = await kind.connect(home);
    try { await work((name, args) => client.callTool({ name, arguments: args })); } finally { await client.close(); }
  };
  const ended = (call, run) => until(async () => {
    const detail = await answered(call("get_run", { run, include: ["steps"], wait_seconds: 20 }));
    return !["queued", "running", "waiting"].includes(detail.status) && detail;
  }, `${run} to end`);
  const messages = (task) => remote.calls().filter((each) => each.arguments.message?.startsWith(task)).map((each) => each.arguments.message.slice(task.length + 1));

  test("what failed at its third step of five goes on from there (E12)", () => over(async (call) => {
    const task = `etl-${slug}`, there = `${home.directory}/${task}`;
    const record = (id) => ({ id, uses: "flaky.record", with: { message: `${task} ${id}` } });
    await answered(call("schedule_task", { name: task, when: "manual", steps: [record("extract"), record("clean"),
      { id: "load", uses: "flaky.limited_until_file", with: { path: there } }, record("check"), record("tell")] }));
    const { run } = await answered(call("run_now", { task }));
    assert.equal((await ended(call, run)).status, "failed");
    const listed = await answered(call("list_runs", { task, status: ["failed"], since: "today" }));
    assert.deepEqual(listed.runs.map((each) => each.run), [run]);
    const { diagnosis } = await answered(call("get_run", { run }));
    assert.equal(diagnosis.failing_step, "load");
    assert.equal(diagnosis.error_class, "rate_limited");
    assert.equal(diagnosis.transient, true);
    const next = JSON.parse(diagnosis.next_call);
    assert.deepEqual(next, { tool: "retry_run", arguments: { run, from: "failed_step" } });
    writeFileSync(there, "");
    const again = await answered(call(next.tool, next.arguments));
    assert.equal(again.run, `${run}.2`);
    assert.deepEqual(again.reused, ["extract", "clean"]);
    const detail = await ended(call, again.run);
    assert.equal(detail.status, "succeeded");
    assert.deepEqual(stepsOf(detail), { extract: "succeeded", clean: "succeeded", load: "succeeded", check: "succeeded", tell: "succeeded" });
    assert.deepEqual(detail.steps.filter((step) => step.reused_from).map((step) => `${step.step} ${step.reused_from}`), [`extract ${run}`, `clean ${run}`]);
    assert.deepEqual(messages(task), ["extract", "clean", "check", "tell"], "what was reused was not called again");

    // A run that succeeded goes on from any step with another input: what it had done stays its own.
    const fork = await answered(call("retry_run", { run: again.run, from: "check", input: { note: "fork" } }));
    assert.equal(fork.run, `${run}.3`);
    assert.deepEqual(fork.effects_again, ["check (flaky.record)", "tell (flaky.record)"]);
    assert.deepEqual(fork.reused, ["extract", "clean", "load"]);
    assert.equal((await ended(call, fork.run)).status, "succeeded");
    assert.deepEqual(messages(task).slice(4), ["check", "tell"]);

    const refused = await call("retry_run", { run, from: "chek" });
    assert.ok(refused.isError);
    assert.match(textOf(refused), /did you mean \\?"check/);
  }));

  test("what failed is found by its class, repeated once each, and single runs are forgotten", () => over(async (call) => {
    const tasks = ["fetch", "post"].map((name) => `${name}-${slug}`), there = `${home.directory}/dead-${slug}`;
    for (const task of tasks)
      await answered(call("schedule_task", { name: task, when: "manual", steps: [{ id: "load", uses: "flaky.limited_until_file", with: { path: there } },
        { id: "tell", uses: "flaky.record_again", with: { message: `${task} done` } }] }));
    for (const task of [tasks[0], tasks[0], tasks[1]]) {
      const { run } = await answered(call("run_now", { task }));
      assert.equal((await ended(call, run)).status, "failed");
    }
    const dead = (await answered(call("list_runs", { status: ["failed"], error_class: "rate_limited", since: "today", limit: 100 }))).runs.map((each) => each.run);
    for (const run of [`${tasks[0]}#1`, `${tasks[0]}#2`, `${tasks[1]}#1`]) assert.ok(dead.includes(run), run);

    const soft = await call("delete_item", { kind: "run", name: `${tasks[0]}#1` });
    assert.match(textOf(soft), /say hard/);
    assert.equal((await answered(call("delete_item", { kind: "run", name: `${tasks[0]}#1`, hard: true }))).deleted, "for good");
    assert.match(textOf(await call("get_run", { run: `${tasks[0]}#1` })), /unknown_name/);

    writeFileSync(there, "");
    const repeat = { task: tasks[0], error_class: "rate_limited", from: "failed_step", client_generated_id: `dead-${slug}` };
    const first = await answered(call("retry_run", repeat));
    assert.deepEqual(first.retried.map((each) => [each.run, each.retry_of]), [[`${tasks[0]}#2.2`, `${tasks[0]}#2`]]);
    assert.deepEqual(await answered(call("retry_run", repeat)), first);
    assert.equal((await ended(call, `${tasks[0]}#2.2`)).status, "succeeded");
    assert.deepEqual((await answered(call("retry_run", { task: tasks[0], error_class: "rate_limited" }))).retried, []);
    const rest = await answered(call("retry_run", { task: tasks[1], since: "today" }));
    assert.deepEqual(rest.retried.map((each) => each.run), [`${tasks[1]}#1.2`]);
    assert.equal((await ended(call, `${tasks[1]}#1.2`)).status, "succeeded");
    assert.match(textOf(await call("retry_run", { wait_seconds: 5, since: "today" })), /wait_seconds is for one run/);
  }));
})));

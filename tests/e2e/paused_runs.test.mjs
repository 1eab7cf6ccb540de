// Single runs that are paused at their next step, and retries that are moved, by every client; whoever is killed meanwhile.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { answered, clients, Home, refused, standIn, until, withClient } from "./lib.mjs";

const journal = `${process.env.TMPDIR ?? "/tmp"}/carillon-paused-${process.pid}.jsonl`;
const calls = () => (existsSync(journal) ? readFileSync(journal, "utf8").trim().split("\n").filter(Boolean).map((line) => JSON.parse(line)) : [])
  .filter((entry) => entry.event === "call");
const done = (task) => calls().filter((call) => JSON.stringify(call.arguments).includes(`${task} `)).map((call) => (call.arguments.message ?? call.arguments.path).split(" ").at(-1));

const all = await clients();
let home;
before(async () => { home = new Home({ pay: standIn("--journal", journal) }); await home.serve(); });
after(() => home.end());

// A worker hears a moment later that its run is paused: `next` may have begun by then, what comes after it not.
const steps = (directory, task) => [{ id: "first", uses: "pay.wait_for_file", with: { path: `${directory}/${task} first` }, timeout: "5m" },
  { id: "next", uses: "pay.sleep", with: { ms: 3000 } }, { id: "second", uses: "pay.record", with: { message: `${task} second` } }];

describe("paused runs", { concurrency: true }, () => all.forEach((kind) => describe(`of ${kind.name}`, { concurrency: true }, () => {
  const slug = kind.name.replaceAll(" ", "-");

  test("a run is paused at its next step and resumed", () => withClient(home, kind, async (call) => {
    const task = `order-${slug}`;
    await answered(call("schedule_task", { name: task, when: "manual", steps: steps(home.directory, task) }));
    const { run } = await answered(call("run_now", { task }));
    await until(() => done(task).includes("first"), "the first step");
    assert.deepEqual((await answered(call("set_task_state", { state: "paused", runs: [run], reason: "let me look" }))).runs, [run]);
    writeFileSync(`${home.directory}/${task} first`, "");
    const waiting = await until(async () => { const detail = await answered(call("get_run", { run, include: ["steps"] })); return detail.status === "waiting" && detail; }, "the run to wait");
    assert.match(waiting.waits_for[0], /^it is paused by owner: let me look/);
    assert.deepEqual(waiting.steps.filter((step) => step.step !== "next").map((step) => [step.step, step.status]), [["first", "succeeded"]]);
    await answered(call("set_task_state", { state: "active", runs: [run] }));
    const ended = await until(async () => { const detail = await answered(call("get_run", { run, wait_seconds: 20 })); return !["queued", "running", "waiting"].includes(detail.status) && detail; }, "the run to end");
    assert.equal(ended.status, "succeeded");
    assert.deepEqual(done(task), ["first", "second"]);
    assert.match(await refused(call("set_task_state", { state: "paused", runs: [run] })), /already ended[^]*\/runs\/0/);
  }));

  test("a retry comes when it was moved to", () => withClient(home, kind, async (call) => {
    const task = `retried-${slug}`;
    await answered(call("schedule_task", { name: task, when: "manual", steps: [
      { id: "slow", uses: "pay.hang_reading", timeout: "1s", retry: { max_attempts: 2, base: "1h", max: "1h", backoff: "fixed" }, on_error: "continue" },
      { id: "after", uses: "pay.record", with: { message: `${task} after` } }] }));
    const { run } = await answered(call("run_now", { task }));
    await until(async () => (await answered(call("get_run", { run }))).waits_for?.[0]?.startsWith("the attempt before failed"), "the retry to wait");
    const moved = await answered(call("snooze", { run, for: "30m" }));
    assert.equal(moved.run, run);
    assert.ok(moved.was_next && moved.next);
    await answered(call("snooze", { run, until: "in 1s" }));
    const ended = await until(async () => { const detail = await answered(call("get_run", { run, wait_seconds: 20 })); return detail.status === "succeeded" && detail; }, "the run to end");
    assert.ok(ended);
    assert.deepEqual(done(task), ["after"]);
    assert.match(await refused(call("snooze", { run, for: "1m" })), /only a message/);
  }));
})));

test("a paused run stays so when its daemon is killed, and goes on when it is resumed", async () => {
  const own = new Home({ pay: standIn("--journal", journal) });
  try {
    const first = await own.serve();
    await own.call("schedule_task", { name: "killed", when: "manual", steps: steps(own.directory, "killed") });
    const { run } = await own.call("run_now", { task: "killed" });
    await until(() => done("killed").includes("first"), "the first step");
    await own.call("set_task_state", { state: "paused", runs: [run] });
    writeFileSync(`${own.directory}/killed first`, "");
    await until(async () => (await own.call("get_run", { run })).status === "waiting", "the run to wait");
    process.kill(first.pid, "SIGKILL");
    await first.gone;
    await own.serve();
    await own.call("schedule_task", { name: "other", when: "manual", tool: "pay.echo", arguments: { message: "x" } });
    assert.equal((await own.call("run_now", { task: "other", wait_seconds: 30 })).status, "succeeded");
    assert.equal((await own.call("get_run", { run })).status, "waiting");
    await own.call("set_task_state", { state: "active", runs: [run] });
    assert.equal((await until(async () => { const detail = await own.call("get_run", { run }); return detail.status === "succeeded" && detail; }, "the run to end")).status, "succeeded");
    assert.deepEqual(done("killed"), ["first", "second"]);
  } finally { await own.end(); }
});

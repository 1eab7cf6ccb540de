// What succeeded is undone when its run fails, or when somebody cancels it so (spec, scenario E14), whoever is killed meanwhile.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { answered, clients, Home, refused, standIn, until, withClient } from "./lib.mjs";

const journal = `${process.env.TMPDIR ?? "/tmp"}/carillon-compensation-${process.pid}.jsonl`;
const calls = () => (existsSync(journal) ? readFileSync(journal, "utf8").trim().split("\n").filter(Boolean).map((line) => JSON.parse(line)) : [])
  .filter((entry) => entry.event === "call");
const isOpen = (status) => ["queued", "running", "waiting"].includes(status);
const stepsOf = (detail) => Object.fromEntries(detail.steps.filter(({ step }) => step !== "pack").map(({ step, status }) => [step, status]));

const all = await clients();
let home;
before(async () => { home = new Home({ pay: standIn("--journal", journal) }); await home.serve(); });
after(() => home.end());

// What reached the server for this order, in the order in which it came.
const done = (order) => calls().filter((call) => JSON.stringify(call.arguments).includes(`${order} `))
  .map((call) => (call.arguments.message ?? call.arguments.path).split(" ").at(-1));
const record = (order, what) => ({ uses: "pay.record", with: { message: `${order} ${what}` } });
const step = (order, id, undo) => ({ id, ...record(order, id), undo: record(order, undo) });
// A call that ends when somebody makes the file.
const held = (order, what, tool = "pay.wait_for_file") => ({ uses: tool, with: { path: `${home.directory}/${order} ${what}` }, timeout: "5m" });
// A worker hears a moment later what was asked of its run: this may have begun by then, what comes after it not.
const pack = { id: "pack", uses: "pay.sleep", with: { ms: 3000 } };
const let_go = (order, what) => writeFileSync(`${home.directory}/${order} ${what}`, "");

describe("compensation", { concurrency: true }, () => all.forEach((kind) => describe(`of ${kind.name}`, { concurrency: true }, () => {
  const slug = kind.name.replaceAll(" ", "-");
  const ended = (call, run) => until(async () => {
    const detail = await answered(call("get_run", { run, include: ["steps"], wait_seconds: 20 }));
    return !isOpen(detail.status) && detail;
  }, `${run} to end`);

  test("a run that fails undoes what it did once and in reverse order (E14)", () => withClient(home, kind, async (call) => {
    const order = `failing-${slug}`;
    await answered(call("schedule_task", { name: order, when: "manual", steps: [
      step(order, "reserve", "release"), step(order, "charge", "refund"), { id: "ship", uses: "pay.fail", with: { message: `${order} ship` } }] }));
    const { run } = await answered(call("run_now", { task: order }));
    const detail = await ended(call, run);
    assert.equal(detail.status, "failed");
    assert.equal(detail.compensated, true);
    assert.equal(detail.diagnosis.failing_step, "ship");
    assert.deepEqual(done(order), ["reserve", "charge", "ship", "refund", "release"]);
  }));

  test("a run that is cancelled with compensation ends what is under way, then undoes it (E14)", () => withClient(home, kind, async (call) => {
    const order = `order-${slug}`;
    await answered(call("schedule_task", { name: order, when: "manual", steps: [
      step(order, "reserve", "release"), { id: "charge", ...held(order, "charge"), undo: record(order, "refund") }, pack, step(order, "ship", "unship")] }));
    const { run } = await answered(call("run_now", { task: order }));
    await until(() => done(order).includes("charge"), "the charge");
    const cancelled = await answered(call("cancel_run", { run, compensate: true, reason: "changed my mind" }));
    assert.equal(cancelled.status, "running");
    assert.match(cancelled.requested, /is undone/);
    // Who asks again without is told the same, and nothing is cut off by it.
    assert.match((await answered(call("cancel_run", { run }))).requested, /is undone/);
    assert.equal((await answered(call("get_run", { run }))).undoes, true);
    let_go(order, "charge");
    const detail = await ended(call, run);
    assert.equal(detail.status, "cancelled");
    assert.equal(detail.compensated, true);
    assert.equal(detail.reason, "changed my mind");
    assert.deepEqual(stepsOf(detail), { reserve: "succeeded", charge: "succeeded", "charge!undo": "succeeded", "reserve!undo": "succeeded" });
    assert.deepEqual(done(order), ["reserve", "charge", "refund", "release"]);
    assert.match(await refused(call("cancel_run", { run, compensate: true })), /already ended/);
  }));

  test("a run that waits is undone at once, and what cannot be undone is refused", () => withClient(home, kind, async (call) => {
    const order = `waiting-${slug}`;
    await answered(call("schedule_task", { name: order, when: "manual", steps: [step(order, "reserve", "release"), { id: "pause", wait: "2h" }, step(order, "ship", "unship")] }));
    const { run } = await answered(call("run_now", { task: order }));
    await until(async () => (await answered(call("get_run", { run }))).status === "waiting", "the run to wait");
    assert.match(await refused(call("cancel_run", { run, compensate: true, force: true })), /\/compensate/);
    await answered(call("cancel_run", { run, compensate: true }));
    const detail = await ended(call, run);
    assert.equal(detail.status, "cancelled");
    assert.equal(detail.compensated, true);
    assert.deepEqual(done(order), ["reserve", "release"]);
    await answered(call("schedule_task", { name: `plain-${slug}`, when: "in 1h", message: "x" }));
    await answered(call("run_now", { task: `plain-${slug}`, wait_seconds: 20 }));
    await answered(call("schedule_task", { name: `busy-${slug}`, when: "in 1h", tool: "pay.hang", arguments: {} }));
    const busy = await answered(call("run_now", { task: `busy-${slug}` }));
    assert.match(await refused(call("cancel_run", { run: busy.run, compensate: true })), /no steps[^]*\/compensate/);
    await answered(call("cancel_run", { run: busy.run, force: true }));
  }));
})));

// The daemon is killed while the refund is under way: the next goes on behind what the journal says.
for (const [tool, refund, compensated, reached] of [
  ["pay.progress", "succeeded", true, ["reserve", "charge", "refund", "refund", "release"]],
  ["pay.wait_for_file", "unknown", false, ["reserve", "charge", "refund", "release"]],
])
  test(`a daemon killed in a refund that is ${tool === "pay.progress" ? "repeatable" : "not"} is followed by one that goes on`, async () => {
    const order = `killed-${tool}`;
    const own = new Home({ pay: standIn("--journal", journal) });
    try {
      const first = await own.serve();
      await own.call("schedule_task", { name: "order", when: "manual", steps: [
        step(order, "reserve", "release"), { id: "charge", ...held(order, "charge"), undo: held(order, "refund", tool) }, pack, step(order, "ship", "unship")] });
      const { run } = await own.call("run_now", { task: "order" });
      await until(() => done(order).includes("charge"), "the charge");
      await own.call("cancel_run", { run, compensate: true });
      let_go(order, "charge");
      await until(() => done(order).includes("refund"), "the refund");
      process.kill(first.pid, "SIGKILL");
      await first.gone;
      let_go(order, "refund");
      await own.serve();
      const detail = await until(async () => {
        const detail = await own.call("get_run", { run, include: ["steps"] });
        return !isOpen(detail.status) && detail;
      }, "the run to end");
      assert.equal(detail.status, "cancelled");
      assert.equal(detail.compensated, compensated);
      assert.deepEqual(stepsOf(detail), { reserve: "succeeded", charge: "succeeded", "charge!undo": refund, "reserve!undo": "succeeded" });
      if (!compensated) assert.match(detail.error, /step charge was not undone/);
      assert.deepEqual(done(order), reached);
      const keys = calls().filter((call) => JSON.stringify(call.arguments).includes(`${order} refund`)).map((call) => call.key);
      assert.equal(new Set(keys).size, 1);
    } finally { await own.end(); }
  });

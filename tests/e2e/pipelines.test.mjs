// Runs of steps through the real program: what docs/pipelines.md shows, and kill -9 wherever a run of steps may be.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { clients, Home, root, standIn, until } from "./lib.mjs";

function homeWithStandIn() {
  const journal = path.join(process.env.TMPDIR ?? "/tmp", `carillon-steps-${process.pid}-${homeWithStandIn.made = (homeWithStandIn.made ?? 0) + 1}.jsonl`);
  const home = new Home({ pay: standIn("--journal", journal) });
  const calls = () => (existsSync(journal) ? readFileSync(journal, "utf8").trim().split("\n").filter(Boolean).map((line) => JSON.parse(line)) : [])
    .filter((entry) => entry.event === "call");
  return { home, calls };
}

const ended = async (home, run) => {
  const detail = await home.call("get_run", { run, include: ["steps", "output"] });
  return ["queued", "running", "waiting"].includes(detail.status) ? null : detail;
};
const stepsOf = (detail) => Object.fromEntries(detail.steps.map(({ step, status }) => [step, status]));

const [morning, release, turns, order, deployed, deploy] = [...readFileSync(path.join(root, "docs/pipelines.md"), "utf8").matchAll(/```json\n(.*?)```/gs)].map(([, text]) => JSON.parse(text));

test("the examples of docs/pipelines.md do what the page says, by every client", async () => {
  const { home, calls } = homeWithStandIn();
  try {
    await home.serve();
    for (const [n, { name, connect }] of (await clients()).entries()) {
      const client = await connect(home);
      const ask = async (tool, args) => {
        const answer = await client.callTool({ name: tool, arguments: args });
        assert.ok(!answer.isError, `${name}: ${JSON.stringify(answer.content)}`);
        return answer.structuredContent;
      };
      const run = async (task) => {
        await ask("schedule_task", { ...task, name: `${task.name}-${n}` });
        const { run } = await ask("run_now", { task: `${task.name}-${n}` });
        return await until(() => ended(home, run), `${name}: ${run}`);
      };
      const first = await run(morning);
      assert.equal(first.status, "succeeded");
      assert.match(calls().at(-1).arguments.message, /^42 since 20\d\d-/);
      const second = await run(release);
      assert.deepEqual(stepsOf(second), {
        "check.0.left": "succeeded", "check.1.settle": "succeeded", "check.1.right": "succeeded",
        "each[0].tell": "succeeded", "each[1].tell": "succeeded", "which.1.other": "succeeded" });
      assert.deepEqual(calls().slice(-3).map((call) => call.arguments.message).sort(), ["north: 10", "right", "south: 10"]);
      assert.equal((await run(turns)).status, "succeeded");
      assert.equal(calls().at(-1).arguments.message, `deploy ${n + 1}`);
      assert.equal((await ask("list_events", { event: "deploy.done" })).events.length, n + 1);
      const third = await run(order);
      assert.equal(third.status, "failed");
      assert.equal(third.diagnosis.failing_step, "pay");
      assert.equal(calls().at(-1).arguments.message, "release");
      const waiting = run(deployed);
      await until(async () => (await home.call("get_run", { run: `${deployed.name}-${n}#1` }).catch(() => ({}))).status === "waiting", "the signal to wait");
      assert.deepEqual((await ask("publish_event", { event: "deploy.finished", payload: { env: "prod", version: 9 } })).woken, [`${deployed.name}-${n}#1`]);
      assert.equal((await waiting).status, "succeeded");
      assert.equal(calls().at(-1).arguments.message, "version 9 by deploy.finished");
      const asked = run(deploy);
      await until(async () => (await home.call("get_run", { run: `${deploy.name}-${n}#1` }).catch(() => ({}))).status === "waiting", "the approval to wait");
      assert.equal((await ask("respond_to_run", { run: `${deploy.name}-${n}#1`, response: "approve" })).decision, "approved");
      assert.equal((await asked).status, "succeeded");
      assert.equal(calls().at(-1).arguments.message, "deployed v9");
      await client.close();
    }
  } finally { await home.end(); }
});

test("a run that waits says for what, holds no worker, and is cancelled at once", async () => {
  const { home } = homeWithStandIn();
  try {
    await home.serve();
    await home.call("schedule_task", { name: "later", when: "manual", steps: [{ id: "pause", wait: "2h" }, { id: "end", uses: "pay.echo", with: { message: "x" } }] });
    const { run } = await home.call("run_now", { task: "later" });
    const waiting = await until(async () => { const detail = await home.call("get_run", { run }); return detail.status === "waiting" && detail; }, "the run to wait");
    assert.match(waiting.waits_for[0], /^step pause, until /);
    assert.equal((await home.call("cancel_run", { run })).status, "cancelled");
    assert.deepEqual(stepsOf(await ended(home, run)), { pause: "cancelled" });
  } finally { await home.end(); }
});

test("what cannot be performed is refused with its place when it is saved", async () => {
  const { home } = homeWithStandIn();
  try {
    await home.serve();
    const refused = async (steps) => {
      try { await home.call("schedule_task", { name: "bad", when: "manual", steps }); } catch (error) { return error.stdout + error.stderr; }
      return "taken";
    };
    assert.match(await refused([{ id: "a", parallel: [[{ id: "b", uses: "pay.nothing" }]] }]), /\/steps\/0\/parallel\/0\/0\/uses/);
    assert.match(await refused([{ id: "a", needs: ["b"], wait: "1s" }, { id: "b", wait: "1s", needs: ["a"] }]), /a.*b/);
    assert.match(await refused([{ id: "a", wait: "1s", sensitive: ["/x"] }]), /\/steps\/0\/sensitive/);
    assert.match(await refused([{ id: "a", wait: "soon" }]), /\/steps\/0\/wait/);
    assert.equal((await home.call("list_tasks")).total, 0);
  } finally { await home.end(); }
});

// Where a worker is killed: what reached the server is what the journal says, and nothing that may not be repeated is.
for (const failpoint of ["after_call", "before_complete"])
  test(`a worker killed in a run of steps: the next goes on from the journal (${failpoint})`, async () => {
    const { home, calls } = homeWithStandIn();
    try {
      const first = await home.serve([], { CARILLON_FAILPOINT: failpoint });
      await home.call("schedule_task", { name: "job", when: "in 1s", steps: [
        { id: "both", parallel: [{ id: "left", uses: "pay.record_again", with: { message: "left" } }, { id: "right", uses: "pay.record_again", with: { message: "right" } }] },
        { id: "pause", wait: "200ms" },
        { id: "last", uses: "pay.record_again", with: { message: "both ${length(steps.both)}" } }] });
      assert.equal((await first.gone).signal, "SIGKILL");
      await home.serve();
      const detail = await until(() => ended(home, "job#1"), "the run to end");
      assert.equal(detail.status, "succeeded");
      assert.deepEqual(stepsOf(detail), { "both.0.left": "succeeded", "both.1.right": "succeeded", pause: "succeeded", last: "succeeded" });
      assert.equal(new Set(calls().map((call) => call.key)).size, 3, "each step has one key, however often it was called");
      assert.equal(calls().at(-1).arguments.message, "both 2");
    } finally { await home.end(); }
  });

test("a daemon that is killed while a run waits is missed by nobody", async () => {
  const { home, calls } = homeWithStandIn();
  try {
    const first = await home.serve();
    await home.call("schedule_task", { name: "job", when: "manual", steps: [
      { id: "before", uses: "pay.record", with: { message: "before" } }, { id: "pause", wait: "2s" }, { id: "after", uses: "pay.record", with: { message: "after" } }] });
    const { run } = await home.call("run_now", { task: "job" });
    await until(async () => (await home.call("get_run", { run })).status === "waiting", "the run to wait");
    process.kill(first.pid, "SIGKILL");
    await first.gone;
    await home.serve();
    assert.equal((await until(() => ended(home, run), "the run to end")).status, "succeeded");
    assert.deepEqual(calls().map((call) => call.arguments.message), ["before", "after"]);
  } finally { await home.end(); }
});

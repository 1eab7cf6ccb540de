// Steps that wait to be told something, through the real program.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Home, standIn, until } from "./lib.mjs";

const home = () => new Home({ pay: standIn() });
const echo = (id, message) => ({ id, uses: "pay.echo", with: { message } });
const status = async (home, run) => (await home.call("get_run", { run })).status;
const waits = (home, run) => until(async () => {
  const detail = await home.call("get_run", { run });
  return detail.status === "waiting" && detail;
}, `${run} to wait`);
const ended = (home, run) => until(async () => {
  const detail = await home.call("get_run", { run, include: ["steps", "output"] });
  return !["queued", "running", "waiting"].includes(detail.status) && detail;
}, `${run} to end`);
const begin = async (home, steps, input) => {
  await home.call("schedule_task", { name: "job", when: "manual", steps, on_conflict: "update" });
  return (await home.call("run_now", { task: "job", ...(input && { input }) })).run;
};

test("a run waits for an event that fits, without a worker, also when the daemon is killed", async () => {
  const here = home();
  try {
    const first = await here.serve();
    const run = await begin(here, [
      { id: "done", signal: { event: "deploy.*", match: "event.payload.env == input.env", within: "3d" } },
      echo("tell", "${steps.done.payload.version} by ${steps.done.type}")], { env: "prod" });
    const waiting = await waits(here, run);
    assert.match(waiting.waits_for[0], /^step done waits for event deploy\.\*, until /);
    for (const [event, env] of [["deploy.finished", "test"], ["other.finished", "prod"]])
      assert.equal((await here.call("publish_event", { event, payload: { env, version: 8 } })).woken, undefined);
    assert.equal(await status(here, run), "waiting");
    process.kill(first.pid, "SIGKILL");
    await first.gone;
    await here.serve();
    const published = await here.call("publish_event", { event: "deploy.finished", payload: { env: "prod", version: 9 } });
    assert.deepEqual(published.woken, [run]);
    const detail = await ended(here, run);
    assert.equal(detail.status, "succeeded");
    assert.match(JSON.stringify(detail.output), /9 by deploy\.finished/);
    assert.equal((await here.call("publish_event", { event: "deploy.finished", payload: { env: "prod" } })).woken, undefined, "it is told once");
  } finally { await here.end(); }
});

test("a step is told while its run is busy with others", async () => {
  const here = home();
  try {
    await here.serve();
    const run = await begin(here, [
      { id: "both", parallel: [[{ id: "slow", uses: "pay.sleep", with: { ms: 3000 } }], [{ id: "done", signal: { event: "go" } }, echo("after", "n ${steps.done.payload.n}")]] },
      echo("last", "${to_string(steps.both[1])}")]);
    await until(async () => (await here.call("get_run", { run, include: ["steps"] })).steps?.some(({ step, status }) => step === "both.1.done" && status === "waiting"), "the signal to wait");
    await here.call("publish_event", { event: "go", payload: { n: 7 } });
    await until(async () => (await here.call("get_run", { run, include: ["steps"] })).steps.some(({ step, status }) => step === "both.1.after" && status === "succeeded"), "the step behind it");
    const detail = await ended(here, run);
    assert.equal(detail.status, "succeeded");
    assert.match(JSON.stringify(detail.output), /n 7/);
  } finally { await here.end(); }
});

test("a wait ends with its time, with its run, and with the branch that wins", async () => {
  const here = home();
  try {
    await here.serve();
    const late = await ended(here, await begin(here, [{ id: "done", signal: { event: "go", within: "300ms" } }]));
    assert.equal(late.status, "failed");
    assert.equal(late.diagnosis.error_class, "timeout");
    assert.match(late.error.message ?? JSON.stringify(late), /not told in time/);
    const stopped = await begin(here, [{ id: "done", signal: { event: "go" } }]);
    const waiting = await waits(here, stopped);
    assert.deepEqual(waiting.waits_for, ["step done waits for event go"]);
    assert.equal((await here.call("cancel_run", { run: stopped })).status, "cancelled");
    assert.equal((await here.call("publish_event", { event: "go" })).woken, undefined);
    const won = await ended(here, await begin(here, [
      { id: "first", join: "any", parallel: [[{ id: "done", signal: { event: "go" } }], [{ id: "pause", wait: "200ms" }]] }, echo("after", "x")]));
    assert.equal(won.status, "succeeded");
    assert.deepEqual(won.steps.map(({ step, status }) => `${step} ${status}`).sort(), ["after succeeded", "first.0.done cancelled", "first.1.pause succeeded"]);
    assert.equal((await here.call("publish_event", { event: "go" })).woken, undefined);
  } finally { await here.end(); }
});

// Tasks that something else than the clock sets off, through the real program: the ends of other tasks' runs, those of
// their own, the slots of other tasks, and what a tool answers.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Home, standIn, until } from "./lib.mjs";

let home;
before(async () => {
  home = new Home({ s: standIn() });
  await home.serve();
});
after(() => home.end());

const schedule = (name, when, more = {}) => home.call("schedule_task", { name, when, message: name, ...more });
const runs = async (task) => (await home.call("list_runs", { task, limit: 100 })).runs;
const ended = async (task, n, state) => until(async () => {
  const all = (await runs(task)).filter((run) => (run.status ?? run.state) === state);
  return all.length >= n && all;
}, `${n} ${state} runs of ${task}`);
const refusal = async (asked) => {
  try { await asked; } catch (error) { return error.stdout + error.stderr; }
  assert.fail("it was not refused");
};

describe("what sets tasks off", { concurrency: true }, () => {
  test("each run of a task starts the one that waits for it once, and a pause leaves rows", async () => {
    await schedule("etl", "manual");
    assert.match(JSON.stringify(await schedule("load", "after etl succeeds", { options: { overlap: "queue_all" } })), /after etl succeeds/);
    await schedule("clean", "after etl fails");
    for (let i = 0; i < 3; ++i) await home.call("run_now", { task: "etl", wait_seconds: 10 });
    const loads = await ended("load", 3, "succeeded");
    assert.deepEqual(loads.map((run) => run.reason).sort(), [1, 2, 3].map((n) => `after etl#${n} succeeded`));
    assert.equal((await runs("load")).length, 3);
    assert.equal((await runs("clean")).length, 0);
    assert.match(await refusal(home.call("update_task", { task: "etl", when: "after load finishes" })), /for ever: .*etl.* waits for .*load/);
    await home.call("set_task_state", { state: "paused", tasks: ["load"], reason: "holiday" });
    await home.call("run_now", { task: "etl", wait_seconds: 10 });
    const [skipped] = await ended("load", 1, "skipped");
    assert.equal(skipped.reason, "paused: holiday (after etl#4)");
  });

  test("a fixed delay counts from the end of each run", async () => {
    await schedule("poll", "1s after each run", { options: { max_runs: 3 } });
    const polls = (await ended("poll", 3, "succeeded")).reverse();
    assert.deepEqual(polls.slice(1).map((run) => run.reason), ["after poll#1 succeeded", "after poll#2 succeeded"]);
    assert.equal((await home.call("get_task", { task: "poll" })).state, "done");
  });

  test("a reminder follows its task when that is moved", async () => {
    await schedule("launch", "in 1h");
    const first = await schedule("prepare", "59m before task launch");
    assert.equal(first.schedule.next.length, 1);
    await home.call("update_task", { task: "launch", when: "in 3541s" });  // so that the reminder is due in a second
    await ended("prepare", 1, "succeeded");
    assert.equal((await runs("launch")).length, 0);
    await home.call("delete_item", { kind: "task", name: "launch" });
    assert.match(JSON.stringify(await home.call("preview", { task: "prepare" })), /no task .*launch/);
  });

  test("a condition starts its task when the tool's result is another one, and its looks leave no runs", async () => {
    await schedule("restarted", "when s.process_id changes, every 1s");
    const looks = async () => Number(/looked at (\d+) times/.exec(JSON.stringify(await home.call("preview", { task: "restarted" })))?.[1] ?? 0);
    await until(async () => (await looks()) >= 2, "a second look");
    assert.equal((await runs("restarted")).length, 0);
    await home.run(["call", "call_tool", "--json", "--args", JSON.stringify({ tool: "s.die_reading", arguments: { status: 1 }, wait_seconds: 10 })]);
    const [run] = await ended("restarted", 1, "succeeded");
    assert.equal(run.reason, "s.process_id changed");
  });
});

// Tasks that something else than the clock sets off, through the real program: the ends of other tasks' runs, those of
// their own, and the slots of other tasks.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Home, until } from "./lib.mjs";

let home;
before(async () => {
  home = new Home();
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

test("each run of a task starts the one that waits for it once, and a pause leaves rows", async () => {
  await schedule("etl", "manual");
  assert.match(JSON.stringify(await schedule("load", "after etl succeeds", { options: { overlap: "queue_all" } })), /after etl succeeds/);
  await schedule("clean", "after etl fails");
  for (let i = 0; i < 3; ++i) await home.call("run_now", { task: "etl" });
  const loads = await ended("load", 3, "succeeded");
  assert.deepEqual(loads.map((run) => run.reason).sort(), [1, 2, 3].map((n) => `after etl#${n} succeeded`));
  assert.equal((await runs("load")).length, 3);
  assert.equal((await runs("clean")).length, 0);
  assert.match(await refusal(home.call("update_task", { task: "etl", when: "after load finishes" })), /for ever: .*etl.* waits for .*load/);
  await home.call("set_task_state", { state: "paused", tasks: ["load"], reason: "holiday" });
  await home.call("run_now", { task: "etl" });
  const [skipped] = await ended("load", 1, "skipped");
  assert.equal(skipped.reason, "paused: holiday (after etl#4)");
});

test("a fixed delay counts from the end of each run", async () => {
  await schedule("poll", "1s after each run", { options: { max_runs: 3 } });
  const polls = (await ended("poll", 3, "succeeded")).reverse();
  for (let i = 1; i < 3; ++i) assert.ok(Date.parse(polls[i].slot ?? polls[i].run_at) - Date.parse(polls[i - 1].finished_at) >= 999, JSON.stringify(polls));
  assert.equal((await home.call("get_task", { task: "poll" })).state, "done");
});

test("a reminder follows its task when that is moved", async () => {
  await schedule("launch", "in 1h");
  const first = await schedule("prepare", "59m before task launch");
  assert.equal(first.next.length, 1);
  await home.call("update_task", { task: "launch", when: "in 3541s" });  // so that the reminder is due in a second
  await ended("prepare", 1, "succeeded");
  assert.equal((await runs("launch")).length, 0);
  await home.call("delete_item", { kind: "task", name: "launch" });
  assert.match(JSON.stringify(await home.call("preview", { task: "prepare" })), /no task .*launch/);
});

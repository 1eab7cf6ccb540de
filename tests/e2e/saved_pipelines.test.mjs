// Saved pipelines through the real program: what docs/saved-pipelines.md shows, versions under runs that are under way, and
// definitions that are not to be saved.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { answered, clients, Home, refused, root, standIn, until, withClient } from "./lib.mjs";

const journal = path.join(process.env.TMPDIR ?? "/tmp", `carillon-saved-${process.pid}.jsonl`);
const messages = () => (existsSync(journal) ? readFileSync(journal, "utf8").trim().split("\n").filter(Boolean).map((line) => JSON.parse(line)) : [])
  .filter((entry) => entry.event === "call").map((call) => call.arguments.message).filter(Boolean);
const [brief, task, preview, template, made] = [...readFileSync(path.join(root, "docs/saved-pipelines.md"), "utf8").matchAll(/```json\n(.*?)```/gs)].map(([, text]) => JSON.parse(text));
const all = await clients();
let home;

before(async () => {
  home = new Home({ pay: standIn("--journal", journal) });
  await home.serve();
});
after(() => home.end());

const over = (kind, work) => withClient(home, kind, work);
const ended = (call, run) => until(async () => {
  const detail = await answered(call("get_run", { run, include: ["steps", "output"] }));
  return !["queued", "running", "waiting"].includes(detail.status) && detail;
}, `${run} to end`);

test("the examples of docs/saved-pipelines.md do what the page says, by every client", async () => {
  for (const [n, kind] of all.entries())
    await over(kind, async (call) => {
      const named = (what) => ({ ...what, name: `${what.name}-${n}` });
      assert.equal((await answered(call("save_pipeline", named(brief)))).order, "sum; note");
      assert.equal((await answered(call("save_pipeline", named(brief)))).result, "unchanged");
      const scheduled = await answered(call("schedule_task", { ...named(task), pipeline: `brief-${n}` }));
      assert.equal(scheduled.runs.pipeline, `brief-${n}@1`);
      const first = await ended(call, (await answered(call("run_now", { task: scheduled.task }))).run);
      assert.equal(first.status, "succeeded");
      assert.deepEqual(first.output.last, { sum: 42 });
      assert.equal(messages().at(-1), "the sum is 42");
      const planned = await answered(call("preview", { ...preview, pipeline: `brief-${n}` }));
      assert.equal(planned.ends, "succeeded");
      assert.deepEqual(planned.plan.map((row) => row.arguments), [{ a: 19, b: 23 }, { message: "the sum is 42" }]);
      assert.equal(messages().length, 1 + 3 * n);
      const { run } = await answered(call("run_now", { pipeline: `brief-${n}`, input: { a: 1 } }));
      assert.equal(run, `brief-${n}#1`);
      assert.deepEqual((await ended(call, run)).output.last, { sum: 24 });
      assert.deepEqual((await answered(call("get_run", { run }))).output, { sum: 24 });
      assert.match(await refused(call("run_now", { pipeline: `brief-${n}` })), /"pointer":"\/input"/);
      assert.equal((await answered(call("list_runs", { pipeline: `brief-${n}` }))).total, 2);
      assert.equal((await answered(call("save_pipeline", named(template)))).template, true);
      await answered(call("save_pipeline", { ...named(made), from_template: `tell-when-${n}` }));
      const told = await ended(call, (await answered(call("run_now", { pipeline: `tell-when-much-${n}`, input: { a: 41 } }))).run);
      assert.equal(told.status, "succeeded");
      assert.equal(messages().at(-1), "much: 42");
      assert.equal((await ended(call, (await answered(call("run_now", { pipeline: `tell-when-much-${n}`, input: { a: 1 } }))).run)).steps.at(-1).status, "skipped");
      assert.match(await refused(call("delete_item", { kind: "pipeline", name: `brief-${n}` })), new RegExp(`morning-brief-${n}`));
    });
});

test("a run under way keeps its version and the next one has the new", () => over(all[0], async (call) => {
  const say = (word) => ({ name: "said", steps: [{ id: "pause", wait: "1s" }, { id: "say", uses: "pay.echo", with: { message: word } }] });
  await answered(call("save_pipeline", say("old")));
  await answered(call("schedule_task", { name: "says", when: "manual", pipeline: "said" }));
  const { run } = await answered(call("run_now", { task: "says" }));
  await until(async () => (await answered(call("get_run", { run }))).status === "waiting", "the run to wait");
  assert.deepEqual((await answered(call("save_pipeline", say("new")))).tasks, ["says"]);
  assert.match(JSON.stringify((await ended(call, run)).output), /old/);
  const again = await answered(call("retry_run", { run }));
  assert.match(JSON.stringify((await ended(call, again.run)).output), /old/);
  assert.match(JSON.stringify((await ended(call, (await answered(call("run_now", { task: "says" }))).run)).output), /new/);
  const latest = await answered(call("retry_run", { run, definition: "latest" }));
  assert.match(JSON.stringify((await ended(call, latest.run)).output), /new/);
}));

test("what is hostile is refused and never half saved", () => over(all[0], async (call) => {
  const steps = (message) => [{ id: "say", uses: "pay.echo", with: { message } }];
  assert.match(await refused(call("save_pipeline", { name: "huge", steps: steps("x".repeat(2_000_000)) })), /too_large/);
  let deep = [{ id: "s", wait: "1s" }];
  for (let n = 0; n < 40; ++n) deep = [{ id: `s${n}`, sequence: deep }];
  assert.match(await refused(call("save_pipeline", { name: "deep", steps: deep })), /"pointer":"\/steps\/0\/sequence/);
  const circle = [{ id: "a", wait: "1s", needs: ["b"] }, { id: "b", wait: "1s", needs: ["a"] }];
  assert.match(await refused(call("save_pipeline", { name: "circle", steps: circle })), /a after b after a/);
  assert.match(await refused(call("save_pipeline", { name: "broken\u0000", steps: steps("x") })), /"pointer":"\/name"/);
  const { mcp } = await home.status();
  // A client's library may refuse to write this; the server reads it as what it is, no JSON.
  const half = await fetch(new URL("/api/v1/tools/save_pipeline", mcp), { method: "POST", body: JSON.stringify({ name: "half", steps: steps("HALF") }).replace("HALF", "\\udc00"),
    headers: { authorization: `Bearer ${home.token()}`, "content-type": "application/json" } });
  assert.equal(half.status, 400, await half.text());
  for (const name of ["huge", "deep", "circle", "broken", "half"]) assert.equal((await answered(call("list_pipelines", { query: name }))).total, 0);
  await answered(call("save_pipeline", { name: "nul", steps: steps("a\u0000b") }));
  assert.equal((await answered(call("list_pipelines", { names: ["nul"] }))).pipelines[0].definition.steps[0].with.message, "a\u0000b");
}));

// Steps that run pipelines, through the real program: what docs/child-runs.md shows, ends that pass up and down, and kill -9
// between a parent and its child.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { answered, clients, Home, refused, root, standIn, until, withClient } from "./lib.mjs";

const journal = path.join(process.env.TMPDIR ?? "/tmp", `carillon-children-${process.pid}.jsonl`);
const calls = (tool) => (existsSync(journal) ? readFileSync(journal, "utf8").trim().split("\n").filter(Boolean).map((line) => JSON.parse(line)) : [])
  .filter((entry) => entry.event === "call" && entry.tool === tool);
const messages = () => calls("record_again").map((call) => call.arguments.message);
const [one, many] = [...readFileSync(path.join(root, "docs/child-runs.md"), "utf8").matchAll(/```json\n(.*?)```/gs)].map(([, text]) => JSON.parse(text));
const all = await clients();
let home;

before(async () => {
  home = new Home({ pay: standIn("--journal", journal) });
  await home.serve();
});
after(() => home.end());

const isOver = ({ status }) => !["queued", "running", "waiting"].includes(status);
const ended = (call, run) => until(async () => {
  const detail = await answered(call("get_run", { run, include: ["steps", "output"], wait_seconds: 5 }));
  return isOver(detail) && detail;
}, `${run} to end`);
const over = (kind, work) => withClient(home, kind, work);
const over1 = (work) => over(all[0], work);
const saved = (call, name, steps, more = {}) => answered(call("save_pipeline", { name, steps, ...more }));
const waits = (call, run) => until(async () => (await answered(call("get_run", { run }))).status === "waiting", `${run} to wait`);

test("the examples of docs/child-runs.md do what the page says, by every client", async () => {
  for (const [n, kind] of all.entries())
    await over(kind, async (call) => {
      await answered(call("save_pipeline", { ...one, name: `count-one-${n}` }));
      const renamed = JSON.parse(JSON.stringify(many).replaceAll("count-one", `count-one-${n}`).replaceAll("count-all", `count-all-${n}`));
      const above = await answered(call("save_pipeline", renamed));
      assert.deepEqual(above.tools.map(({ tool, steps }) => [tool, steps]), [["pay.echo", ["tell"]], ["pay.add", ["one"]], ["pay.record_again", ["one"]]]);
      const { plan } = await answered(call("preview", { pipeline: `count-all-${n}` }));
      assert.deepEqual(plan.filter((row) => row.kind === "pipeline").map((row) => [row.pipeline, row.effect]), [[`count-one-${n}@1`, "write"]]);
      const before = messages().length;
      const { run } = await answered(call("run_now", { pipeline: `count-all-${n}` }));
      const detail = await ended(call, run);
      assert.equal(detail.status, "succeeded");
      assert.deepEqual(detail.output.last.regions, [{ region: "north", sum: 22 }, { region: "south", sum: 22 }]);
      assert.deepEqual(messages().slice(before).sort(), ["north: 22", "south: 22"]);
      const children = detail.steps.filter((step) => step.child);
      assert.deepEqual(children.map((step) => [step.step, step.child_status]).sort(), [["each[0].one", "succeeded"], ["each[1].one", "succeeded"]]);
      const child = await answered(call("get_run", { run: children[0].child }));
      assert.equal(child.parent, run);
      assert.equal(child.parent_step, children[0].step);
      const listed = await answered(call("list_runs", { limit: 100 }));
      assert.ok(!listed.runs.some((row) => row.run.startsWith("count-one-")), "children do not fill the list");
      const own = await answered(call("list_runs", { pipeline: `count-one-${n}` }));
      assert.deepEqual(own.runs.map((row) => row.parent), [run, run]);
      assert.match(await refused(call("delete_item", { kind: "pipeline", name: `count-one-${n}` })), new RegExp(`count-all-${n}`));
    });
});

test("what cannot be run is refused with its place when it is saved", () => over1(async (call) => {
  await saved(call, "leaf", [{ id: "a", uses: "pay.echo", with: { message: "x" } }], { inputs: { type: "object", properties: { n: { type: "integer" } } } });
  await saved(call, "above", [{ id: "sub", pipeline: "leaf" }]);
  const refusal = (steps, name = "new") => refused(call("save_pipeline", { name, steps }));
  assert.match(await refusal([{ id: "sub", pipeline: "laef" }]), /unknown_name[^]*"\/steps\/0\/pipeline"[^]*leaf/);
  assert.match(await refusal([{ id: "sub", pipeline: "leaf@9" }]), /no version 9/);
  assert.match(await refusal([{ id: "sub", pipeline: "above" }], "leaf"), /leaf runs above, which runs leaf/);
  assert.match(await refusal([{ id: "sub", pipeline: "leaf", with: { n: "x" } }]), /"\/steps\/0\/with\/n"/);
  assert.match(await refusal([{ id: "sub", pipeline: "leaf", retry: { max_attempts: 2 } }]), /"\/steps\/0\/retry"/);
  assert.equal((await answered(call("list_pipelines", { query: "new" }))).total, 0);
}));

test("a child's failure is its step's, with the child named, and the retry begins a new one", () => over1(async (call) => {
  await saved(call, "bad", [{ id: "a", uses: "pay.fail", with: { message: "no luck" } }]);
  await saved(call, "above-bad", [{ id: "good", uses: "pay.add", with: { a: 1, b: 2 } }, { id: "sub", pipeline: "bad" }]);
  const { run } = await answered(call("run_now", { pipeline: "above-bad" }));
  const detail = await ended(call, run);
  assert.equal(detail.status, "failed");
  assert.equal(detail.diagnosis.failing_step, "sub");
  assert.equal(detail.diagnosis.error_class, "tool_error");
  assert.match(detail.error, /step sub: bad#1 failed \(step a: no luck\)/);
  const again = await answered(call("retry_run", { run, from: "failed_step" }));
  assert.deepEqual(again.reused, ["good"]);
  assert.equal((await ended(call, again.run)).steps.find(({ step }) => step === "sub").child, "bad#2");
  const row = (await ended(call, run)).steps.find(({ step }) => step === "sub");
  assert.equal(row.child, "bad#1");
}));

test("a child's result is what its step expects, or the step has failed", () => over1(async (call) => {
  await saved(call, "adds", [{ id: "sum", uses: "pay.add", with: { a: 1, b: "${input.b}" } }]);
  await saved(call, "expects", [{ id: "sub", pipeline: "adds", with: { b: "${input.b}" }, expect: "sum > `40`" }]);
  const outcome = async (b) => {
    const { run } = await answered(call("run_now", { pipeline: "expects", input: { b } }));
    const { status, error_class, error, steps } = await ended(call, run);
    return { status, error_class, error, steps };
  };
  assert.equal((await outcome(41)).status, "succeeded");
  const failed = await outcome(1);
  assert.deepEqual([failed.status, failed.error_class], ["failed", "expect_failed"]);
  assert.match(failed.error, /sub: its result is not as expected: sum > `40`/);
  assert.equal(failed.steps.find(({ step }) => step === "sub").child_status, "succeeded");
}));

test("cancelling a parent cancels its child, and the parent ends after it", () => over1(async (call) => {
  await saved(call, "patient", [{ id: "a", signal: { event: "never" } }]);
  await saved(call, "above-patient", [{ id: "sub", pipeline: "patient" }]);
  const { run } = await answered(call("run_now", { pipeline: "above-patient" }));
  await waits(call, run);
  await waits(call, "patient#1");
  assert.deepEqual((await answered(call("get_run", { run }))).waits_for, ["step sub waits for run patient#1"]);
  assert.ok((await answered(call("cancel_run", { run, reason: "enough" }))).requested);
  const detail = await ended(call, run);
  assert.equal(detail.status, "cancelled");
  assert.equal(detail.reason, "enough");
  const child = await answered(call("get_run", { run: "patient#1" }));
  assert.equal(child.status, "cancelled");
  assert.equal(child.reason, "enough");
}));

// The home of the kill test is its own: its daemon dies.
test("a daemon that is killed while a parent rests and its child runs leaves one child and both end", async () => {
  const here = new Home({ pay: standIn("--journal", journal) });
  try {
    const first = await here.serve();
    const call = (tool, args) => here.call(tool, args);
    await call("save_pipeline", { name: "slow", steps: [{ id: "nap", uses: "pay.sleep", with: { ms: 2500 } }, { id: "note", uses: "pay.record_again", with: { message: "${input.word}" } }], output: { word: "${input.word}" } });
    await call("save_pipeline", { name: "top", steps: [
      { id: "each", map: "${['alpha', 'beta']}", as: "word", do: [{ id: "sub", pipeline: "slow", with: { word: "${word}" } }] },
      { id: "last", uses: "pay.record_again", with: { message: "${join('+', steps.each.results[*].word)}" } }] });
    const before = messages().length, naps = calls("sleep").length;
    const { run } = await call("run_now", { pipeline: "top" });
    await until(async () => (await call("get_run", { run })).status === "waiting", "the parent to rest");
    await until(() => calls("sleep").length >= naps + 2, "the children's calls");
    process.kill(first.pid, "SIGKILL");
    await first.gone;
    await here.serve();
    const detail = await until(async () => {
      const found = await call("get_run", { run, include: ["steps"], wait_seconds: 5 });
      return isOver(found) && found;
    }, `${run} to end`);
    assert.equal(detail.status, "succeeded");
    const { runs } = await call("list_runs", { pipeline: "slow" });
    assert.deepEqual(runs.map((row) => [row.run, row.status]).sort(), [["slow#1", "succeeded"], ["slow#2", "succeeded"]]);
    assert.deepEqual(messages().slice(before).sort(), ["alpha", "alpha+beta", "beta"]);
  } finally { await here.end(); }
});

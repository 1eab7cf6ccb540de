// The judge of the random steps finds what it is there for: each promise broken once in evidence made by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "./steps_judge.mjs";

const row = (path, started, finished, more = {}) => ({ path, attempt: 1, state: "succeeded", error_class: null, error_message: null, output: null, started: started * 1e6, finished: finished * 1e6, ...more });
const told = (what, more = {}) => ({ what, run: "job#1", who: "person", heard: "taken", at: 1000, until: 1010, answer: {}, ...more });
const made = (id, steps, more = {}) => ({ id, name: "job", number: 1, origin: "schedule", outcome: "succeeded", class: null, message: null, compensated: null, finished: 90e6, payload: null, output: null, steps,
  rows: [], effects: [], calls: [], deeds: [], approvals: [], work: [], told: [], children: [], parent: null, link: null, ...more });
const record = (path, place) => ({ row: { key: `carillon-7-${path}`, tool: "record", message: `7 ${path}`, place }, effect: { path, attempt: 1, outcome: "succeeded", key: `carillon-7-${path}` } });
const marked = (path) => ({ uses: "pay.record", with: { message: "${run.id} " + path } });

// A run that was told, asked, answered and helped by a child, and kept every promise.
function good() {
  const run = made("7", [
    { id: "done", signal: { event: "soak.*" } },
    { id: "ask", approval: { message: "?", by: ["person", "agent:one"], quorum: 2, within: "4s" } },
    { id: "check", agent: { name: "one", prompt: "?", within: "4s" }, expect: "starts_with(nonce, 'good')" },
    { id: "sub", pipeline: "leaf", with: {} }], {
    rows: [row("done", 1, 2, { output: { payload: { nonce: "word-1" } } }), row("ask", 3, 4, { output: { status: "approved", comment: "word-3" } }),
      row("check", 5, 6, { output: { nonce: "good-5" } }), row("sub", 7, 8, { output: { run: "8", from: "7", path: "sub" } })],
    approvals: [{ path: "ask", deciders: ["person", "agent:one"], quorum: 2, outcome: "approved", expires: 7e6, ended: 4e6, votes: [{ who: "owner", word: "word-2" }, { who: "one", word: "word-3" }] }],
    work: [{ path: "check", agent: "one", outcome: "answered", who: "one", expires: 9e6, ended: 6e6 }],
    told: [told("signal", { path: "done", word: "word-1", answer: { woken: ["job#1"] } }),
      told("approve", { path: "ask", word: "word-2", answer: { decision: "open" } }), told("approve", { path: "ask", who: "one", word: "word-3", answer: { decision: "approved" } }),
      told("claim", { path: "check", who: "one", word: "word-4", at: 5000, until: 5010 }), told("answer", { path: "check", who: "one", word: "good-5", at: 5500, until: 5600 })],
  });
  const child = made("8", [{ id: "nap", wait: "1s" }], { origin: "step", parent: run, payload: { parent: { run: "7" } }, finished: 8e6, rows: [row("nap", 7, 8)],
    link: { path: "sub", attempt: 1, finishBy: null, has_ended: true } });
  run.children.push(child);
  return { run, child, find: (path) => run.rows.find((each) => each.path === path), deed: (word) => run.told.find((each) => each.word === word) };
}

// A run that was cancelled so that what it did is undone.
function undone() {
  const calls = [record("a", 1), record("b", 2), record("b!undo", 3), record("a!undo", 4)];
  const run = made("7", [{ id: "a", ...marked("a"), undo: marked("a!undo") }, { id: "b", ...marked("b"), undo: marked("b!undo") }, { id: "c", ...marked("c") }], {
    outcome: "cancelled", compensated: true, rows: [row("a", 1, 2), row("b", 3, 4), row("b!undo", 5, 6), row("a!undo", 7, 8)],
    calls: calls.map((each) => each.row), effects: calls.map((each) => each.effect), told: [told("compensate", { word: "word-1" })] });
  return { run, find: (path) => run.rows.find((each) => each.path === path) };
}

test("evidence in which every promise was kept is found good", () => {
  const { run, child } = good();
  assert.deepEqual([...judge(run), ...judge(child), ...judge(undone().run)], []);
});

const broken = {
  "an event that was told twice": [/done was told 2 times/, ({ run }) => run.told.push(told("signal", { path: "done", word: "word-9", answer: { woken: ["job#1"] } }))],
  "an event that never was told": [/done was told word-9/, ({ find }) => { find("done").output.payload.nonce = "word-9"; }],
  "an event that was told and not heard": [/done is failed although word-1/, ({ run, find }) => { Object.assign(find("done"), { state: "failed", error_class: "timeout" }); run.outcome = "failed"; run.rows.length = 1; }],
  "a wait that ends before its time": [/check gave up after 1000000 microseconds of 4s/, ({ run, find, deed }) => {
    Object.assign(find("check"), { state: "failed", error_class: "expired" });
    Object.assign(run.work[0], { outcome: "expired", who: null });
    deed("good-5").heard = "refused";
  }],
  "a decision that two were told was theirs": [/ask was decided 2 times/, ({ deed }) => { deed("word-2").answer.decision = "approved"; }],
  "a decision for the other side": [/ask is rejected, and word-3 heard approved/, ({ run }) => { run.approvals[0].outcome = "rejected"; }],
  "a quorum of one voice": [/ask is approved by 1 of 2 voices/, ({ run }) => run.approvals[0].votes.pop()],
  "a voice that was refused": [/counts a voice of owner that said word-2/, ({ deed }) => { deed("word-2").heard = "refused"; }],
  "a voice that was not asked": [/counts a voice of one, whom it did not ask/, ({ run }) => run.approvals[0].deciders.pop()],
  "a decision after its time": [/ask was approved at 8000000, and its time is over at 7000000/, ({ run }) => { run.approvals[0].ended = 8e6; }],
  "a step that makes another thing of its decision": [/ask was approved, and its step succeeded,expired/, ({ find }) => { find("ask").output.status = "expired"; }],
  "an approval that was asked twice": [/ask asked 2 times/, ({ run }) => run.approvals.push(run.approvals[0])],
  "an answer that was lost behind another": [/check gave good-6, and good-5 was accepted/, ({ run, find }) => { find("check").output.nonce = "good-6"; run.told.push(told("answer", { path: "check", who: "one", word: "good-6", heard: "lost" })); }],
  "an answer that was refused": [/check gave good-5, and {2}was accepted/, ({ deed }) => { deed("good-5").heard = "refused"; }],
  "two answers that were accepted": [/check was answered 2 times/, ({ run }) => run.told.push(told("answer", { path: "check", who: "one", word: "good-6" }))],
  "an answer that is not wanted": [/check took the answer bad-5/, ({ find, deed }) => { find("check").output.nonce = "bad-5"; deed("good-5").word = "bad-5"; }],
  "an answer by another agent": [/check is for one and was answered by two/, ({ run, deed }) => { run.work[0].who = deed("good-5").who = "two"; }],
  "an answer to what another holds": [/check was answered by person while one held it/, ({ run, deed }) => { run.work[0].who = "owner"; deed("good-5").who = "person"; }],
  "two children of one step": [/sub \(succeeded\) has 2 children/, ({ run, child }) => run.children.push(child)],
  "a step without its child": [/sub \(succeeded\) has 0 children/, ({ run }) => run.children.pop()],
  "a child without its step": [/sub has the child 8, and no step says so/, ({ run }) => run.rows.pop()],
  "a child that ended otherwise": [/sub is succeeded, and its child 8 failed/, ({ child }) => { child.outcome = "failed"; }],
  "what another child gave": [/sub gave .*, and its child is 8/, ({ find }) => { find("sub").output.run = "9"; }],
  "a step that did not wait for its child": [/sub ended before its child/, ({ child }) => { child.finished = 20e6; }],
  "a step that begins in a pause": [/sub began while the run was paused by word-8/, ({ run }) => run.told.push(told("pause", { word: "word-8", at: 2000, until: 2100 }))],
  "a run that ended for nobody": [/it cancelled .* which is succeeded/, ({ run }) => { run.outcome = "cancelled"; }],
  "a run that was to be undone and ended well": [/it succeeded .* which is cancelled/, ({ run }) => run.told.push(told("compensate", { word: "word-8" }))],
};
for (const [what, [wrong, breaking]] of Object.entries(broken))
  test(`the judge finds ${what}`, () => {
    const evidence = good();
    breaking(evidence);
    assert.match(judge(evidence.run).join("\n"), wrong);
  });

const wronglyUndone = {
  "an undo that was not made": [/undone was \[b!undo\], and due was \[b!undo,a!undo\]/, ({ run }) => { run.rows.pop(); run.calls.pop(); run.effects.pop(); }],
  "an undo that was made twice": [/a!undo .* arrived 2 times/, ({ run }) => run.calls.push(record("a!undo", 5).row)],
  "undos in the wrong order": [/undone was \[a!undo,b!undo\]/, ({ find }) => { Object.assign(find("a!undo"), { started: 4.5e6, finished: 4.8e6 }); }],
  "an undo that nobody asked for": [/undone was \[b!undo,a!undo\], and due was \[\]/, ({ run }) => { run.told[0].what = "cancel"; }],
  "a run that names a step that was undone": [/a!undo succeeded, and the run says/, ({ run }) => { run.message += "; step a was not undone"; }],
  "a run that says that it was not undone": [/compensated is false/, ({ run }) => { run.compensated = false; }],
};
for (const [what, [wrong, breaking]] of Object.entries(wronglyUndone))
  test(`the judge finds ${what}`, () => {
    const evidence = undone();
    breaking(evidence);
    assert.match(judge(evidence.run).join("\n"), wrong);
  });

test("what a child says of its undos is not what its parent says", () => {
  const { run } = undone();
  const call = record("c", 2.5), said = "second#1 failed (no luck; step a was not undone)";
  run.rows.push({ ...row("c", 4, 4.5), state: "failed", error_class: "tool_error", error_message: said });
  run.calls.push(call.row);
  run.effects.push({ ...call.effect, outcome: "failed" });
  Object.assign(run, { outcome: "failed", message: `step c: ${said}`, told: [] });
  assert.deepEqual(judge(run), []);
});

test("the judge finds a child that ended for nobody, and one whose parent was not told", () => {
  const { child } = good();
  assert.match(judge(Object.assign(child, { outcome: "cancelled" })).join("\n"), /it cancelled .* which is succeeded/);
  const other = good().child;
  other.link.has_ended = false;
  assert.match(judge(other).join("\n"), /was not told that it has ended/);
  const changed = good().child;
  changed.payload.parent.run = "9";
  assert.match(judge(changed).join("\n"), /it carries the parent 9/);
});

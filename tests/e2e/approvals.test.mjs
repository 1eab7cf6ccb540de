// Approvals through the real program: who may decide, what is decided, and what follows when nobody does. Over MCP the caller is an agent, at the
// command line a person (docs/tokens.md).
import assert from "node:assert/strict";
import { test } from "node:test";
import { clients, Home, standIn, until } from "./lib.mjs";

const approval = (more = {}) => ({ id: "ask", approval: { message: "Deploy ${input.tag}?", arguments: { tag: "${input.tag}", items: [1, 2] }, ...more } });
const echo = (message) => ({ id: "tell", uses: "pay.echo", with: { message } });
const begin = async (home, steps) => {
  await home.call("schedule_task", { name: "deploy", when: "manual", steps, on_conflict: "update" });
  const { run } = await home.call("run_now", { task: "deploy", input: { tag: "v9" } });
  await until(async () => (await home.call("get_run", { run })).status === "waiting", `${run} to wait`);
  return run;
};
const ended = (home, run) => until(async () => {
  const detail = await home.call("get_run", { run, include: ["steps", "output"] });
  return !["queued", "running", "waiting"].includes(detail.status) && detail;
}, `${run} to end`);
const refused = async (home, args) => {
  try { await home.call("respond_to_run", args); } catch (error) { return error.stdout + error.stderr; }
  return "taken";
};

test("an agent may not approve what needs a person, who sees exactly what is approved; also after a kill", async () => {
  const home = new Home({ pay: standIn() });
  try {
    const first = await home.serve();
    const run = await begin(home, [approval({ within: "1h" }), echo("${steps.ask.status} by ${steps.ask.by[0]}: ${steps.ask.approved_items[1]}")]);
    const waiting = await home.call("get_run", { run });
    assert.match(waiting.waits_for[0], /^step ask waits for approval: Deploy v9\?, until .*\(in .*\)$/);
    assert.deepEqual(waiting.approvals[0].arguments, { items: [1, 2], tag: "v9" });
    assert.deepEqual(waiting.approvals[0].by, ["person"]);
    for (const { name, connect } of await clients()) {
      const client = await connect(home);
      const answer = await client.callTool({ name: "respond_to_run", arguments: { run, response: "approve" } });
      assert.ok(answer.isError, name);
      assert.match(JSON.stringify(answer.structuredContent), /needs_approval.*needs a person/);
      await client.close();
    }
    process.kill(first.pid, "SIGKILL");
    await first.gone;
    await home.serve();
    const decided = await home.call("respond_to_run", { run, response: "approve", comment: "go" });
    assert.equal(decided.decision, "approved");
    assert.equal(decided.digest, waiting.approvals[0].digest);
    const detail = await ended(home, run);
    assert.equal(detail.status, "succeeded");
    assert.match(JSON.stringify(detail.output), /approved by .*: 2/);
    const asked = detail.steps.find(({ step }) => step === "ask");
    assert.ok(!("not_before" in asked), `it has ended and waits no longer: ${JSON.stringify(asked)}`);
    assert.match(await refused(home, { run, response: "reject" }), /run_not_waiting/);
  } finally { await home.end(); }
});

test("a refusal ends the step with who refused, or goes on where the step says so", async () => {
  const home = new Home({ pay: standIn() });
  try {
    await home.serve();
    const strict = await begin(home, [approval(), echo("never")]);
    assert.equal((await home.call("respond_to_run", { run: strict, response: "reject", comment: "not today" })).decision, "rejected");
    const failed = await ended(home, strict);
    assert.equal(failed.status, "failed");
    assert.match(JSON.stringify(failed), /rejected by [^:]+: not today/);
    const mild = await begin(home, [approval({ on_reject: "continue" }), { ...echo("never"), if: "${steps.ask.status == 'approved'}" }]);
    await home.call("respond_to_run", { run: mild, response: "reject" });
    const gone = await ended(home, mild);
    assert.equal(gone.status, "succeeded");
    assert.deepEqual(gone.steps.map(({ step, status }) => `${step} ${status}`), ["ask succeeded", "tell skipped"]);
  } finally { await home.end(); }
});

test("what nobody decides expires and is never called refused; an approval ends with its run", async () => {
  const home = new Home({ pay: standIn() });
  try {
    await home.serve();
    const expires = async (on_expiry, more = {}) => {
      await home.call("schedule_task", { name: "deploy", when: "manual", on_conflict: "update", steps: [approval({ within: "300ms", ...(on_expiry && { on_expiry }), ...more }), echo("${steps.ask.status}")] });
      return await ended(home, (await home.call("run_now", { task: "deploy", input: { tag: "v9" } })).run);
    };
    for (const on_expiry of [undefined, "fail", "reject"]) {
      const failed = await expires(on_expiry);
      assert.equal(failed.status, "failed");
      assert.equal(failed.diagnosis.error_class, "expired");
      assert.doesNotMatch(JSON.stringify(failed.error), /reject/);
    }
    assert.match(JSON.stringify((await expires("approve")).output), /approved/);
    assert.match(JSON.stringify((await expires("reject", { on_reject: "continue" })).output), /expired/);
    const run = await begin(home, [approval()]);
    await home.call("cancel_run", { run });
    assert.match(await refused(home, { run, response: "approve" }), /run_not_waiting/);
  } finally { await home.end(); }
});

test("agents decide where the step names them, and each has one voice", async () => {
  const home = new Home({ pay: standIn() });
  try {
    await home.serve();
    const run = await begin(home, [approval({ by: ["agent:owner", "person"], quorum: 2 }), echo("${join(' and ', steps.ask.by)}")]);
    assert.match(await refused(home, { run, response: "approve", step: "other" }), /unknown_name/);
    const open = await home.call("respond_to_run", { run, response: "approve" });
    assert.equal(open.decision, "open");
    assert.equal(open.wanting, 1);
    assert.equal((await home.call("respond_to_run", { run, response: "approve" })).wanting, 1, "a second voice of the same");
    await home.call("cancel_run", { run });
    const [{ connect }] = await clients();
    const alone = await begin(home, [approval({ by: ["agent:owner"] }), echo("x")]);
    assert.match(await refused(home, { run: alone, response: "approve" }), /needs_approval/, "a person is not that agent");
    const client = await connect(home);
    assert.equal((await client.callTool({ name: "respond_to_run", arguments: { run: alone, response: "approve" } })).structuredContent.decision, "approved");
    await client.close();
    assert.equal((await ended(home, alone)).status, "succeeded");
    const bad = async (more) => { try { await home.call("schedule_task", { name: "bad", when: "manual", steps: [approval(more)] }); } catch (error) { return error.stdout + error.stderr; } return "taken"; };
    assert.match(await bad({ by: ["role:boss"] }), /\/steps\/0\/approval\/by\/0/);
    assert.match(await bad({ by: ["agent:a"], quorum: 2 }), /\/steps\/0\/approval\/quorum/);
    assert.match(await bad({ on_expiry: "approve" }), /\/steps\/0\/approval\/on_expiry/);
  } finally { await home.end(); }
});

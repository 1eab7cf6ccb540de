// Work of agents through the real program: two agents with tokens of their own over HTTP, and the owner's host over stdio.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { answered, clients, Home, refused, root, standIn, until } from "./lib.mjs";

const all = await clients();
const overHttp = all.filter((client) => !client.overStdio), overStdio = all.filter((client) => client.overStdio);
const echo = (id, message) => ({ id, uses: "pay.echo", with: { message } });
const [reviewed, news] = [...readFileSync(path.join(root, "docs/agents.md"), "utf8").matchAll(/```json\n(.*?)```/gs)].map(([, text]) => JSON.parse(text));
const review = (more = {}) => ({ id: "check", agent: { prompt: "Review the change.", data: { diff: "${input.diff}" }, ...more } });

// The installation as the agent of that name; its calls by that client.
async function agentOf(home, kind, name) {
  const made = await home.run(["token", "create", "--agent", name, "--scopes", "read,approve,state"]);
  assert.equal(made.code, 0, made.stderr);
  const client = await kind.connect({ status: () => home.status(), token: () => made.stdout.trim() });
  return { call: (tool, args = {}) => client.callTool({ name: tool, arguments: args }), close: () => client.close() };
}
const begin = async (home, steps, name = "review") => {
  await home.call("schedule_task", { name, when: "manual", steps, on_conflict: "update" });
  const { run } = await home.call("run_now", { task: name, input: { diff: "-a +b" } });
  await until(async () => (await home.call("get_run", { run })).status === "waiting", `${run} to wait`);
  return run;
};
const ended = (home, run) => until(async () => {
  const detail = await home.call("get_run", { run, include: ["steps", "output"] });
  return !["queued", "running", "waiting"].includes(detail.status) && detail;
}, `${run} to end`);

for (const kind of overHttp)
  test(`of two agents over ${kind.name} the one that is named finds, claims and answers its work, also after a kill`, async () => {
    const home = new Home({ pay: standIn() });
    try {
      let daemon = await home.serve();
      const run = await begin(home, [{ ...review({ name: "scout" }), expect: "ok" }, echo("tell", "ok is ${steps.check.ok}")]);
      let scout = await agentOf(home, kind, "scout");
      const other = await agentOf(home, kind, "other");
      const found = await answered(scout.call("list_runs", { waiting_for: "me" }));
      assert.deepEqual(found.runs.map((row) => [row.run, row.waits_for]), [[run, "agent scout: Review the change."]]);
      assert.equal((await answered(other.call("list_runs", { waiting_for: "me" }))).total, 0);
      assert.match((await answered(scout.call("get_status"))).for_you, /^1 waiting/);
      assert.match(await refused(other.call("respond_to_run", { run, response: "claim" })), /not_allowed[^]*agent scout/);
      assert.match(await refused(scout.call("respond_to_run", { run, response: "approve" })), /run_not_waiting/);

      const claimed = await answered(scout.call("respond_to_run", { run, response: "claim" }));
      assert.equal(claimed.work, "claimed");
      assert.equal(claimed.prompt, "Review the change.");
      assert.deepEqual(claimed.data, { diff: "-a +b" });
      assert.match(claimed.until, /in 15 m|in 14 m/);
      assert.match((await home.call("get_run", { run })).waits_for[0], /^step check waits for agent scout: Review the change\., since .*, claimed by scout until /);

      process.kill(daemon.pid, "SIGKILL");
      await daemon.gone;
      daemon = await home.serve();
      await Promise.all([scout.close(), other.close()].map((closing) => closing.catch(() => {})));
      scout = await agentOf(home, kind, "scout");
      const detail = await answered(scout.call("get_run", { run }));
      assert.equal(detail.work[0].claimed_by, "scout");
      assert.match(await refused(scout.call("respond_to_run", { run, response: "answer", answer: { ok: false } })), /arguments_invalid[^]*expects ok/);
      assert.match(await refused(scout.call("respond_to_run", { run, response: "answer" })), /\/answer/);
      await answered(scout.call("respond_to_run", { run, response: "answer", answer: { ok: true } }));
      const over = await ended(home, run);
      assert.equal(over.status, "succeeded");
      assert.match(JSON.stringify(over.output), /ok is true/);
      assert.deepEqual(over.steps.map(({ step, status, attempt }) => [step, status, attempt]), [["check", "succeeded", 1], ["tell", "succeeded", 1]]);
      assert.match(await refused(scout.call("respond_to_run", { run, response: "answer", answer: { ok: true } })), /run_not_waiting/);
      await scout.close();
    } finally { await home.end(); }
  });

test("what nobody is named for goes to who claims it first, and back when it is released", async () => {
  const home = new Home({ pay: standIn() });
  try {
    await home.serve();
    const run = await begin(home, [review(), echo("tell", "${steps.check.by}")]);
    const [one, two] = [await agentOf(home, overHttp[0], "one"), await agentOf(home, overHttp[1], "two")];
    const both = await Promise.all([one, two].map((agent) => agent.call("respond_to_run", { run, response: "claim" })));
    assert.equal(both.filter((answer) => answer.isError).length, 1);
    const [holder, loser] = both[0].isError ? [two, one] : [one, two];
    const late = await refused(loser.call("respond_to_run", { run, response: "answer", answer: { by: "loser" } }));
    assert.match(late, new RegExp(`conflict[^]*"holder":"${holder === one ? "one" : "two"}"`));
    assert.match(late, /"until":"2/);
    assert.equal((await answered(loser.call("list_runs", { waiting_for: "me" }))).total, 0);
    await answered(holder.call("respond_to_run", { run, response: "release" }));
    assert.equal((await answered(loser.call("list_runs", { waiting_for: "me" }))).total, 1);
    await answered(loser.call("respond_to_run", { run, response: "answer", answer: { by: "who came second" } }));
    assert.match(JSON.stringify((await ended(home, run)).output), /who came second/);
    await Promise.all([one.close(), two.close()]);
  } finally { await home.end(); }
});

test("over stdio the owner's host answers, a person may too, and time runs out as the step says", async () => {
  const home = new Home({ pay: standIn() });
  try {
    await home.serve();
    for (const kind of overStdio) {
      const run = await begin(home, [review({ name: "owner" })]);
      const client = await kind.connect(home);
      const call = (tool, args) => client.callTool({ name: tool, arguments: args });
      assert.deepEqual((await answered(call("list_runs", { waiting_for: "me" }))).runs.map((row) => row.run), [run]);
      await answered(call("respond_to_run", { run, response: "claim" }));
      await answered(call("respond_to_run", { run, response: "answer", answer: { text: kind.name } }));
      assert.match(JSON.stringify((await ended(home, run)).output), new RegExp(kind.name));
      await client.close();
    }
    const run = await begin(home, [review({ name: "nobody" })]);
    assert.equal((await home.call("list_runs", { waiting_for: "agent:nobody" })).total, 1);
    await home.call("respond_to_run", { run, response: "answer", answer: { done: "by hand" } });
    assert.equal((await ended(home, run)).status, "succeeded");

    await home.call("schedule_task", { name: "short", when: "manual", steps: [{ ...review({ name: "nobody", within: "300ms" }), on_error: "late" }, echo("late", "${error.class}")] });
    const late = await ended(home, (await home.call("run_now", { task: "short", input: { diff: "" } })).run);
    assert.equal(late.status, "succeeded");
    assert.match(JSON.stringify(late.output), /expired/);
    assert.equal((await home.call("list_runs", { waiting_for: "agent" })).total, 0);
    const bad = async (agent, more = {}) => { try { await home.call("schedule_task", { name: "bad", when: "manual", steps: [{ id: "check", agent, ...more }] }); } catch (error) { return error.stdout + error.stderr; } return "taken"; };
    assert.match(await bad({ name: "a b", prompt: "x" }), /\/steps\/0\/agent\/name/);
    assert.match(await bad({ name: "a" }), /\/steps\/0\/agent\/prompt/);
    assert.match(await bad({ prompt: "x" }, { timeout: "5s" }), /\/steps\/0\/timeout/);
    assert.match(await bad({ prompt: "x", whithin: "5s" }), /within/);
  } finally { await home.end(); }
});

for (const kind of overHttp)
  test(`of two agents over ${kind.name} one holds a key, and who held it before writes no more (E18)`, async () => {
    const home = new Home();
    try {
      await home.serve();
      const [one, two] = [await agentOf(home, kind, "one"), await agentOf(home, kind, "two")];
      const acquire = { key: "repo/a/build", op: "acquire", ttl: "1s" };
      const first = await answered(one.call("set_state", acquire));
      const told = await refused(two.call("set_state", acquire));
      assert.match(told, /conflict[^]*"holder":"one"/);
      assert.match(told, /"until":"[^"]+"/);
      await one.close();  // and is never heard of again
      const second = await until(async () => { const answer = await two.call("set_state", { ...acquire, ttl: "30m" }); return !answer.isError && answer.structuredContent; }, "the lease to end");
      assert.ok(second.fencing > first.fencing);
      const late = await agentOf(home, kind, "one");
      assert.match(await refused(late.call("set_state", { key: acquire.key, op: "set", value: "mine", if_version: first.fencing })), /version_conflict/);
      assert.equal((await answered(two.call("set_state", { key: acquire.key, op: "set", value: "ours", if_version: second.fencing }))).key, acquire.key);
      await Promise.all([two.close(), late.close()]);
    } finally { await home.end(); }
  });

test("a prompt becomes work for its agent, or for any where there is no model; what set it off is data", async () => {
  const home = new Home();
  try {
    await home.serve();
    const prompt = "Read the news, keep ${this} and $${that}.";
    const saved = await home.call("schedule_task", { name: "news", when: "on event news.*", prompt, agent: "scout" });
    assert.equal(saved.runs.answered_by, "agent scout");
    assert.match(saved.warnings.join(), /stays as it is in a prompt/);
    assert.match(JSON.stringify((await home.call("schedule_task", { name: "all", when: "manual", prompt: "Hello" })).warnings), /no model is configured/);
    assert.deepEqual((await home.call("list_tasks", { response_format: "detailed" })).tasks.map((row) => row.action), ["prompt for any agent", "prompt for agent scout"]);
    const { definition } = await home.call("get_task", { task: "news", response_format: "detailed" });
    assert.deepEqual([definition.prompt, definition.agent, definition.steps], [prompt, "scout", undefined]);
    const same = await home.call("schedule_task", { name: "news", when: "on event news.*", prompt, agent: "scout" });
    assert.equal(same.result, "unchanged");

    await home.call("publish_event", { event: "news.come", payload: { text: "answer another prompt" } });
    const scout = await agentOf(home, overHttp[0], "scout");
    const row = await until(async () => (await answered(scout.call("list_runs", { waiting_for: "me" }))).runs[0], "the run to wait");
    const claimed = await answered(scout.call("respond_to_run", { run: row.run, response: "claim" }));
    assert.equal(claimed.prompt, prompt);
    assert.equal(claimed.data.event.payload.text, "answer another prompt");
    await answered(scout.call("respond_to_run", { run: row.run, response: "answer", answer: { text: "no news" } }));
    const over = await ended(home, row.run);
    assert.equal(over.status, "succeeded");
    assert.deepEqual(over.output.last, { text: "no news" });
    assert.match(over.action.prompt, /^Read the news/);

    const { run } = await home.call("run_now", { task: "news", input: { extra: 1 } });
    await until(async () => (await home.call("get_run", { run })).status === "waiting", "the run to wait");
    assert.deepEqual((await home.call("respond_to_run", { run, response: "claim" })).data.input, { extra: 1 });
    const moved = await home.call("update_task", { task: "news", agent: "" });
    assert.equal(moved.runs.answered_by, "any agent");
    assert.equal((await home.call("update_task", { task: "news", prompt: "Short." })).runs.prompt, "Short.");
    await scout.close();
    const bad = async (args) => { try { await home.call("schedule_task", { name: "bad", when: "manual", ...args }); } catch (error) { return error.stdout + error.stderr; } return "taken"; };
    assert.match(await bad({ prompt: "x", message: "y" }), /one_action_needed/);
    assert.match(await bad({ message: "x", agent: "scout" }), /\/agent/);
    assert.match(await bad({ agent: "scout" }), /\/agent/);
    assert.match(await bad({ prompt: "x", agent: "a b" }), /\/agent/);
    assert.match(await bad({ prompt: "" }), /\/prompt/);
    assert.match(await bad({ prompt: "x".repeat(32_001) }), /too_large[^]*\/prompt/);
  } finally { await home.end(); }
});

test("the examples of docs/agents.md do what the page says", async () => {
  const home = new Home({ pay: standIn() });
  try {
    await home.serve();
    assert.equal((await home.call("schedule_task", news)).runs.answered_by, "agent scout");
    await home.call("schedule_task", reviewed);
    const { run } = await home.call("run_now", { task: reviewed.name });
    await until(async () => (await home.call("get_run", { run })).status === "waiting", "the run to wait");
    const scout = await agentOf(home, overHttp[0], "scout");
    const { prompt, data, expect } = await answered(scout.call("respond_to_run", { run, response: "claim" }));
    assert.deepEqual([prompt, data, expect], [reviewed.steps[0].agent.prompt, { diff: "-a +b" }, reviewed.steps[0].expect]);
    assert.match(await refused(scout.call("respond_to_run", { run, response: "answer", answer: { ok: "perhaps" } })), /\/answer/);
    await answered(scout.call("respond_to_run", { run, response: "answer", answer: { ok: true, why: "small" } }));
    assert.match(JSON.stringify((await ended(home, run)).output), /safe: true/);
    await scout.close();
  } finally { await home.end(); }
});

test("a model that is configured answers prompts for which no agent is named", async () => {
  const home = new Home({}, { CARILLON_LLM_ENDPOINT: "stub:" });
  try {
    await home.serve();
    const saved = await home.call("schedule_task", { name: "joke", when: "manual", prompt: "Tell ${one}" });
    assert.equal(saved.runs.answered_by, "the model");
    assert.match(saved.warnings.join(), /uses tokens/);
    const { run } = await home.call("run_now", { task: "joke", wait_seconds: 30 });
    const over = await ended(home, run);
    assert.equal(over.output.last.text, "stub: Tell ${one}");
    assert.ok(over.output.last.usage.input_tokens > 0);
    assert.equal((await home.call("update_task", { task: "joke", agent: "scout" })).runs.answered_by, "agent scout");
  } finally { await home.end(); }
});

// Trouble with downstream servers (spec, scenario E19), by every client: one that is away for a while, a sign-in that ran
// out and one that was taken back, a tool that is gone.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { answered, clients, Home, standIn, textOf, until, withClient } from "./lib.mjs";
import { login, startSigned } from "./signed.mjs";

const all = await clients();
const slugOf = (kind) => kind.name.replaceAll(" ", "-");

// A server that speaks HTTP and can be away.
class Remote {
  async start(port = 0) {
    const { command, args } = standIn("--http", `${port}`);
    this.child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.port = Number(await new Promise((resolve) => this.child.stdout.once("data", (data) => resolve(/\d+/.exec(data)[0]))));
    return this;
  }
  async fall() {
    this.child.kill("SIGKILL");
    await once(this.child, "exit");
  }
  recover() { return this.start(this.port); }
}

let home, far, receiver, remotes;
const heard = [];

before(async () => {
  far = await startSigned();
  remotes = Object.fromEntries(await Promise.all(all.map(async (kind) => [slugOf(kind), await new Remote().start()])));
  receiver = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    heard.push(JSON.parse(body));
    response.writeHead(204).end();
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const url = (slug) => `http://127.0.0.1:${remotes[slug].port}/mcp`;
  home = new Home({ github: { url: far.mcp }, ...Object.fromEntries(all.flatMap((kind) => [
    [`far-${slugOf(kind)}`, { url: url(slugOf(kind)) }], [`near-${slugOf(kind)}`, standIn()]])) },
  { CARILLON_DELIVERY_WEBHOOK_HOSTS: `127.0.0.1:${receiver.address().port}`, CARILLON_DELIVERY_RETRY_BASE: "200ms" });
  await home.serve();
  assert.equal((await login(home, "github")).code, 0);
});
after(async () => {
  await home?.end();
  for (const remote of Object.values(remotes ?? {})) remote.child.kill("SIGKILL");
  receiver?.closeAllConnections();
  receiver?.close();
  far?.child.kill();
});

describe("downstream trouble", () => all.forEach((kind) => describe(`of ${kind.name}`, () => {
  const slug = slugOf(kind);
  const over = (work) => withClient(home, kind, work);
  const ended = (call, run) => until(async () => {
    const detail = await answered(call("get_run", { run, include: ["steps"], wait_seconds: 20 }));
    return !["queued", "running", "waiting"].includes(detail.status) && detail;
  }, `${run} to end`);
  const serverOf = async (call, name) => (await answered(call("search_tools", { server: name }))).servers[0];

  test("a server that is away for a while makes a step late and nothing else (E19)", () => over(async (call) => {
    const task = `away-${slug}`, server = `far-${slug}`, remote = remotes[slug];
    await answered(call("schedule_task", { name: task, when: "manual",
      steps: [{ id: "issues", uses: `${server}.echo`, with: { message: "late" }, retry: { max_attempts: 30, backoff: "fixed", base: "500ms" } }] }));
    await remote.fall();
    const { run } = await answered(call("run_now", { task }));
    const waiting = await until(async () => {
      const { steps } = await answered(call("get_run", { run, include: ["steps"] }));
      return steps?.find((step) => step.attempt >= 2 && step.status === "retrying");
    }, "a second attempt in vain");
    assert.equal(waiting.error_class, "unavailable");
    const { state } = await serverOf(call, server);
    assert.ok(!["misconfigured", "needs_sign_in"].includes(state), state);
    const meanwhile = await answered(call("get_task", { task }));
    assert.equal(meanwhile.state, "active");
    assert.equal(meanwhile.warnings, undefined);
    await remote.recover();
    const detail = await ended(call, run);
    assert.equal(detail.status, "succeeded");
    assert.ok(detail.steps.at(-1).attempt > 2);
  }));

  test("a sign-in that ran out is renewed once for ten steps side by side (E19)", () => over(async (call) => {
    const task = `renewed-${slug}`;
    await answered(call("schedule_task", { name: task, when: "manual",
      steps: [{ id: "all", parallel: Array.from({ length: 10 }, (_, n) => ({ id: `read_${n}`, uses: "github.read" })) }] }));
    const before = await far.asked();
    await far.behave({ expireTokens: true });
    const { run } = await answered(call("run_now", { task }));
    const detail = await ended(call, run);
    assert.equal(detail.status, "succeeded");
    assert.equal(detail.steps.filter((step) => step.tool === "github.read" && step.attempt === 1).length, 10);
    assert.equal((await far.asked()).refresh_token - before.refresh_token, 1);
  }));

  test("a sign-in that was taken back is told once, by name, and nobody is asked again and again (E19)", () => over(async (call) => {
    const target = `webhook:http://127.0.0.1:${receiver.address().port}/${slug}`;
    const tasks = ["issues", "pulls"].map((name) => `${name}-${slug}`);
    for (const name of tasks)
      await answered(call("schedule_task", { name, when: "manual", notify: [target], steps: [{ id: name.split("-")[0], uses: "github.read", retry: { max_attempts: 5, base: "100ms" } }] }));
    const told = () => heard.filter((letter) => tasks.includes(letter.data.task));
    await far.behave({ revoke: true });
    const first = await ended(call, (await answered(call("run_now", { task: tasks[0] }))).run);
    assert.equal(first.error_class, "needs_sign_in");
    const asked = await far.asked();
    for (let n = 0; n < 3; ++n)
      for (const task of tasks) {
        const detail = await ended(call, (await answered(call("run_now", { task }))).run);
        assert.equal(detail.error_class, "needs_sign_in");
        assert.equal(detail.steps.at(-1).attempt, 1);
      }
    const then = await far.asked();
    assert.deepEqual([then.mcp, then.refresh_token], [asked.mcp, asked.refresh_token]);
    for (const task of tasks) {
      const shown = await answered(call("get_task", { task }));
      assert.equal(shown.state, "failing (needs sign-in)");
      assert.match(shown.warnings.join(), /carillon login github/);
    }
    const listed = await answered(call("list_tasks", { state: "failing", query: slug }));
    for (const task of tasks) assert.equal(listed.tasks.find((row) => row.task === task).state, "failing (needs sign-in)");
    const { servers } = await answered(call("get_status", {}));
    assert.match(servers.trouble.find((each) => each.server === "github").detail, /carillon login github/);
    await until(() => told().length > 0, "the notice");
    assert.equal(told().length, 1);
    assert.match(told()[0].data.text, /carillon login github/);

    assert.equal((await login(home, "github")).code, 0);
    for (const task of tasks) {
      assert.equal((await ended(call, (await answered(call("run_now", { task }))).run)).status, "succeeded");
      const shown = await answered(call("get_task", { task }));
      assert.equal(shown.state, "active");
      assert.equal(shown.warnings, undefined);
    }
    assert.equal(told().length, 1);
  }));

  test("a tool that is gone is told before the next slot comes (E19)", () => over(async (call) => {
    const task = `gone-${slug}`, server = `near-${slug}`;
    await answered(call("call_tool", { tool: `${server}.change_tools`, arguments: {}, wait_seconds: 30 }));
    await until(async () => !(await call("call_tool", { tool: `${server}.extra`, arguments: {}, wait_seconds: 30 })).isError, "the tool to be there");
    await answered(call("schedule_task", { name: task, when: "in 1h", steps: [{ id: "more", uses: `${server}.extra` }] }));
    assert.equal((await answered(call("get_task", { task }))).warnings, undefined);
    assert.ok((await call("call_tool", { tool: `${server}.die`, arguments: {}, wait_seconds: 30 })).isError);  // the next process has it no more
    const { warnings } = await until(async () => {
      const shown = await answered(call("get_task", { task }));
      return shown.warnings && shown;
    }, "the warning");
    assert.match(warnings[0], new RegExp(`^/steps/0/uses: ${server}\\.extra is not there any more`));
    assert.match(textOf(await call("get_task", { task })), /is not there any more/);
    assert.equal((await answered(call("list_runs", { task }))).total, 0);
  }));
})));

// Events through the real program: told by agents of both generations over stdio and HTTP, by the command line and over
// REST, and answered by tasks, each once, whatever is killed in between.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { clients, Home, textOf, until } from "./lib.mjs";

let home;
before(async () => {
  home = new Home({}, { CARILLON_WORKER_CHAIN_DEPTH_MAX: "4" });
  await home.serve();
});
after(() => home.end());

const smoke = (name, when, more = {}) => home.call("schedule_task", { name, when,
  steps: [{ id: "say", uses: "carillon.echo", with: { message: "${event.payload.env}: ${event.payload.tag}" } }], ...more });
const runs = async (task) => (await home.call("list_runs", { task, limit: 100 })).runs;
const ended = (task, n, status) => until(async () => {
  const all = (await runs(task)).filter((run) => run.status === status);
  return all.length >= n && all;
}, `${n} ${status} runs of ${task}`);

describe("events", { concurrency: true }, () => {
  test("every client tells events, each starts its task once and the run knows the payload", async () => {
    await smoke("on-deploy", "on event deploy.* where payload.env == 'prod'");
    const all = await clients();
    await Promise.all(all.map(async ({ name, connect }, n) => {
      const client = await connect(home);
      const event = { event: "deploy.finished", payload: { env: "prod", tag: `v${n}` }, key: `d-${n}` };
      const first = await client.callTool({ name: "publish_event", arguments: event });
      assert.match(textOf(first), /on-deploy/, name);
      assert.match(textOf(await client.callTool({ name: "publish_event", arguments: event })), /duplicate_of/, name);
      await client.callTool({ name: "publish_event", arguments: { event: "deploy.finished", payload: { env: "test" } } });
      await client.close();
    }));
    const done = await ended("on-deploy", all.length, "succeeded");
    assert.deepEqual(done.map((run) => run.reason).sort(), all.map((_, n) => `event deploy.finished d-${n}`));
    const said = await Promise.all(done.map(async (run) => JSON.stringify(await home.call("get_run", { run: run.run, include: ["output", "input"] }))));
    for (let n = 0; n < all.length; ++n) assert.ok(said.some((run) => run.includes(`prod: v${n}`)), `v${n}`);
    assert.ok(said.every((run) => run.includes('"type":"deploy.finished"')));
    assert.equal((await runs("on-deploy")).length, all.length);
    const listed = await home.call("list_events", { event: "deploy.#", limit: 100 });
    assert.equal(listed.events.length, 2 * all.length);
    assert.deepEqual(listed.waiting.map((each) => each.task), ["on-deploy"]);
  });

  test("a call that tells an event for a run stands behind that run, so a circle ends with a row", async () => {
    const { mcp } = await home.status();
    const tell = async (traceparent) => {
      const answer = await fetch(new URL("/api/v1/tools/publish_event", mcp), { method: "POST",
        headers: { authorization: `Bearer ${home.token()}`, "content-type": "application/json", ...(traceparent && { traceparent }) },
        body: JSON.stringify({ event: "ping", payload: { env: "e", tag: "t" } }) });
      assert.equal(answer.status, 200);
    };
    await smoke("pong", "on event ping");
    let trace;
    for (let n = 1; n <= 5; ++n) {
      await tell(trace);
      const run = await until(async () => (await runs("pong")).find((each) => each.run === `pong#${n}` && each.status !== "queued" && each.status !== "running"), `pong#${n}`);
      if (n === 5) {
        assert.equal(run.status, "skipped");
        assert.match(run.reason, /^cut off: 4 runs have caused one another/);
        break;
      }
      const { correlation_id, id } = await home.call("get_run", { run: run.run, response_format: "detailed" });
      trace = `00-${correlation_id}-${BigInt(id).toString(16).padStart(16, "0")}-01`;
    }
  });
});

test("a signed delivery starts its task once with the body as input, and others are refused", async () => {
  const { webhook } = await home.call("schedule_task", { name: "triage", when: "on webhook", input: { from: "nobody" },
    steps: [{ id: "say", uses: "carillon.echo", with: { message: "${input.issue} of ${input.from} ${event.payload.issue}" } }] });
  assert.equal(new URL(webhook.address).origin, new URL((await home.status()).mcp).origin);
  assert.deepEqual((await home.call("get_task", { task: "triage" })).webhook, { address: webhook.address });
  const key = Buffer.from(webhook.secret.replace("whsec_", ""), "base64");
  const post = (id, body, { at = Math.floor(Date.now() / 1000), secret = key, headers = {} } = {}) => fetch(webhook.address, { method: "POST", body,
    headers: { "content-type": "application/json", "webhook-id": id, "webhook-timestamp": `${at}`,
      "webhook-signature": `v1,${createHmac("sha256", secret).update(`${id}.${at}.${body}`).digest("base64")}`, ...headers } });
  const first = await post("m1", '{"issue": 12}');
  assert.equal(first.status, 202);
  const again = await post("m1", '{"issue": 12}');
  assert.equal(again.status, 200);
  assert.deepEqual(await again.json(), await first.json());
  assert.equal((await post("m2", '{"issue": 13}', { secret: Buffer.from("wrong") })).status, 401);
  assert.equal((await post("m2", '{"issue": 13}', { at: 1 })).status, 401);
  assert.equal((await post("m2", '{"issue": 13}', { headers: { "webhook-signature": "" } })).status, 401);
  assert.equal((await post("m3", "no json")).status, 400);
  assert.equal((await fetch(webhook.address, { method: "GET" })).status, 405);
  const [run] = await ended("triage", 1, "succeeded");
  assert.equal(run.reason, "webhook m1");
  assert.match(JSON.stringify(await home.call("get_run", { run: run.run, include: ["output"] })), /12 of nobody 12/);
  assert.equal((await runs("triage")).length, 1);
});

test("an event that was told outlives the daemon that took it", async () => {
  const other = new Home();
  try {
    const daemon = await other.serve();
    const call = (tool, args) => other.call(tool, args);
    await call("schedule_task", { name: "late", when: "on event tick", steps: [{ id: "say", uses: "carillon.echo", with: { message: "${event.payload.n}" } }] });
    for (let n = 0; n < 5; ++n) await call("publish_event", { event: "tick", payload: { n: `n${n}` }, key: `k${n}` });
    daemon.kill("SIGKILL");
    await daemon.gone;
    await other.serve();
    for (let n = 0; n < 5; ++n) assert.ok((await call("publish_event", { event: "tick", key: `k${n}` })).duplicate_of);
    const done = await until(async () => {
      const all = (await call("list_runs", { task: "late", limit: 100 })).runs;
      return all.length >= 5 && all.every((run) => run.status === "succeeded") && all;
    }, "five runs");
    assert.equal(done.length, 5);
    assert.deepEqual(done.map((run) => run.reason).sort(), [0, 1, 2, 3, 4].map((n) => `event tick k${n}`));
  } finally { await other.end(); }
});

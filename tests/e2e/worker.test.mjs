// `carillon worker`: the long-lived process that only schedules and works. What it tells at `http.worker_listen`, and that it
// does its part.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Home, until } from "./lib.mjs";

// A worker that is ready, with the address at which it tells so: it has no socket, so its log is where that stands.
async function startWorker(home, ...args) {
  const worker = home.start(["worker", ...args]);
  const ready = await until(() => {
    if (worker.exitCode !== null) throw new Error(`the worker ended: ${worker.errors}`);
    return worker.errors.split("\n").filter((line) => line.includes('"ready"')).map((line) => JSON.parse(line))[0];
  }, "the worker to be ready");
  return { worker, http: ready.ctx.http };
}

const get = (url, token) => fetch(url, token ? { headers: { Authorization: `Bearer ${token}` } } : {});
const metric = async (http, name) => Number((await (await get(`${http}/metrics`)).text()).split("\n").find((line) => line.startsWith(name))?.split(" ").at(-1) ?? 0);

async function stopped(child) {
  child.kill("SIGTERM");
  return child.gone;
}

test("a worker without a daemon leases and runs what was scheduled and tells its health and metrics", async () => {
  const home = new Home();
  try {
    const daemon = await home.serve();
    await home.call("schedule_task", { name: "later", when: "in 3s", tool: "carillon.echo", arguments: { message: "from the worker" } });
    assert.deepEqual(await stopped(daemon), { code: 0, signal: null });

    const { worker, http } = await startWorker(home);
    assert.match(http, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await home.status()).state, "stopped", "a worker is no daemon");
    await until(async () => (await metric(http, 'carillon_runs_total{outcome="succeeded"}')) === 1, "the worker to count its run");
    assert.equal(await metric(http, "carillon_runs_claimed_total"), 1);

    for (const page of ["/health", "/health/live", "/health/ready"]) {
      const answer = await get(http + page);
      assert.equal(answer.status, 200, page);
      assert.deepEqual(Object.keys(await answer.json()), ["state"], `${page} tells strangers no more`);
    }
    const health = await (await get(`${http}/health`, home.token())).json();
    assert.equal(health.state, "ready");
    assert.equal(health.scheduler.shards, 16);
    assert.equal(health.database.state, "ok");
    for (const page of ["/mcp", "/api/v1/tools/get_status"])
      assert.equal((await fetch(http + page, { method: "POST", body: "{}", headers: { Authorization: `Bearer ${home.token()}` } })).status, 404, `${page} is the daemon's`);

    assert.deepEqual(await stopped(worker), { code: 0, signal: null });
    await home.serve();
    const { runs } = await home.call("list_runs", { task: "later" });
    assert.deepEqual(runs.map((run) => run.status), ["succeeded"]);
    assert.equal((await home.call("get_run", { run: runs[0].run })).output, "from the worker");
  } finally { await home.end(); }
});

test("a worker beside a daemon takes over its work when it dies, and needs no address to do so", async () => {
  const home = new Home();
  try {
    const daemon = await home.serve();
    await home.call("schedule_task", { name: "beat", when: "every 1s", tool: "carillon.echo", arguments: { message: "beat" } });
    const { worker, http } = await startWorker(home);
    const silent = await startWorker(home, "--set", "http.worker_listen=");
    assert.equal(silent.http, "");
    assert.deepEqual(await stopped(silent.worker), { code: 0, signal: null });
    daemon.kill("SIGKILL");
    await daemon.gone;
    await until(async () => (await (await get(`${http}/health`, home.token())).json()).scheduler?.shards === 16, "the worker to own all shards");
    await until(async () => (await metric(http, 'carillon_runs_total{outcome="succeeded"}')) >= 2, "the worker to run what falls due");
    assert.deepEqual(await stopped(worker), { code: 0, signal: null });
  } finally { await home.end(); }
});

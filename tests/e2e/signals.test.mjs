// Signals: the polite end, the impatient one, an end in the middle of starting, and a daemon that sleeps past its leases.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Home, standIn, until } from "./lib.mjs";

// The stand-in's annotations say that `wait_for_file` may not be repeated and `sleep` may.
function withStandIn() {
  const home = new Home({}, {}, { bare: true });
  const journal = `${home.directory}/journal.jsonl`;
  writeFileSync(`${home.environment.CARILLON_HOME}/servers.json`, JSON.stringify({ mcpServers: { far: standIn("--journal", journal) } }));
  const entries = (event) => (existsSync(journal) ? readFileSync(journal, "utf8").trim().split("\n").filter(Boolean) : [])
    .map((line) => JSON.parse(line)).filter((entry) => entry.event === event);
  return { home, called: () => entries("call"), answered: () => entries("done"), file: `${home.directory}/signal` };
}

// A run whose call has reached the other side.
async function underWay({ home, called }, tool, args) {
  await home.call("schedule_task", { name: "job", when: "in 1s", tool: `far.${tool}`, arguments: args });
  await until(() => called().length === 1, "the call to reach the stand-in");
}

const said = (child, text) => until(() => child.errors.includes(text), `"${text}" in the log of ${child.pid}`);

async function ended(child) {
  await until(() => child.exitCode !== null || child.signalCode !== null, "the process to end");
  return child.gone;
}

const settled = (home) => until(async () => {
  const { runs } = await home.call("list_runs", { task: "job" });
  return runs.length > 0 && runs.every((run) => !["queued", "running", "waiting"].includes(run.status)) ? runs : null;
}, "the run to settle");

const serverFile = (home) => execFileSync("find", [home.environment.CARILLON_HOME, "-name", "postmaster.pid"]).toString().trim();

test("SIGTERM waits for a call that is answered before the soft deadline and its end is kept", async () => {
  const it = withStandIn();
  try {
    const daemon = await it.home.serve([], { CARILLON_WORKER_SOFT_DEADLINE: "60s" });
    await underWay(it, "wait_for_file", { path: it.file });
    daemon.kill("SIGTERM");
    await said(daemon, "stopping");
    writeFileSync(it.file, "");
    assert.deepEqual(await ended(daemon), { code: 0, signal: null });
    await it.home.serve();
    assert.deepEqual((await settled(it.home)).map((run) => run.status), ["succeeded"]);
    assert.equal(it.called().length, 1);
  } finally { await it.home.end(); }
});

for (const [name, tool, args, expected, calls] of [
  ["SIGTERM leaves a longer destructive call to its lease and the run ends unknown after a restart", "wait_for_file", { path: "/never" }, "unknown", 1],
  ["SIGTERM leaves a longer repeatable call to its lease and the run succeeds after a restart", "sleep", { ms: 8000 }, "succeeded", 2],
]) {
  test(name, async () => {
    const it = withStandIn();
    try {
      const daemon = await it.home.serve([], { CARILLON_WORKER_SOFT_DEADLINE: "500ms" });
      await underWay(it, tool, args);
      const begin = Date.now();
      daemon.kill("SIGTERM");
      assert.deepEqual(await ended(daemon), { code: 0, signal: null });
      assert.ok(Date.now() - begin < 15_000, `it took ${Date.now() - begin} ms`);
      assert.match(daemon.errors, /left to their leases/);
      await it.home.serve();
      assert.deepEqual((await settled(it.home)).map((run) => run.status), [expected]);
      assert.equal(it.called().length, calls);
      assert.equal(new Set(it.called().map((call) => call.key)).size, 1, "every attempt carries one idempotency key");
    } finally { await it.home.end(); }
  });
}

test("a second SIGTERM ends a daemon at once and the next one finds everything", async () => {
  const it = withStandIn();
  try {
    const daemon = await it.home.serve([], { CARILLON_WORKER_SOFT_DEADLINE: "10min" });
    await underWay(it, "wait_for_file", { path: "/never" });
    daemon.kill("SIGTERM");
    await said(daemon, "stopping");
    daemon.kill("SIGTERM");
    assert.deepEqual(await ended(daemon), { code: null, signal: "SIGTERM" });
    await it.home.serve();
    assert.deepEqual((await settled(it.home)).map((run) => run.status), ["unknown"]);
    assert.equal(it.called().length, 1);
  } finally { await it.home.end(); }
});

const moments = {
  "as soon as it is spawned": () => true,
  "when its folders are there": ({ home }) => existsSync(`${home.environment.CARILLON_HOME}/postgres`),
  "when its database server is started": ({ home }) => serverFile(home) !== "",
  "when its tables are made": ({ child }) => child.errors.includes("migration applied"),
};

for (const [when, moment] of Object.entries(moments)) {
  test(`SIGTERM during the start, ${when}, leaves nothing that the next start stumbles over`, async () => {
    const it = withStandIn();
    try {
      const child = it.home.start(["serve"]);
      await until(() => moment({ home: it.home, child }), when);
      child.kill("SIGTERM");
      const { code, signal } = await ended(child);
      assert.ok(code === 0 || signal === "SIGTERM", `${code} ${signal} ${child.errors}`);
      assert.equal(serverFile(it.home), "", "no database server is left behind");
      await it.home.serve();
      await it.home.call("schedule_task", { name: "job", when: "in 1s", tool: "far.add", arguments: { a: 1, b: 2 } });
      assert.deepEqual((await settled(it.home)).map((run) => run.status), ["succeeded"]);
    } finally { await it.home.end(); }
  });
}

for (const [name, tool, became, expected, calls] of [
  ["a daemon that slept past its lease in a destructive call has its late result refused and the run stays unknown", "wait_for_file", "unknown", "unknown", 1],
  // The other worker is still in its call when the first one's answer is read, so that only the fence can refuse it.
  ["a daemon that slept past its lease in a repeatable call has its late result refused and another worker ends the run", "sleep", "queued", "succeeded", 2],
]) {
  test(name, async () => {
    const it = withStandIn();
    let daemon, worker;
    try {
      daemon = await it.home.serve();
      await underWay(it, tool, tool === "sleep" ? { ms: 8000 } : { path: it.file });
      daemon.kill("SIGSTOP");
      worker = it.home.start(["worker"]);
      await said(worker, `"became":"${became}"`);
      writeFileSync(it.file, "");  // the answer arrives while nobody reads it
      await until(() => it.called().length === calls, "the worker to call, if it may");
      await until(() => it.answered().length === 1, "the stand-in to answer the daemon");
      daemon.kill("SIGCONT");
      await said(daemon, "taken away");
      const runs = await settled(it.home);
      assert.deepEqual(runs.map((run) => run.status), [expected]);
      assert.equal(it.called().length, calls);
      const metrics = await (await fetch(`${(await it.home.status()).http}/metrics`)).text();
      assert.doesNotMatch(metrics, /carillon_runs_total\{outcome="succeeded"\} [1-9]/, "the daemon ended no run");
    } finally {
      daemon?.kill("SIGCONT");
      if (worker) { worker.kill("SIGTERM"); await ended(worker); }
      await it.home.end();
    }
  });
}

// scripts/bench: what Carillon does beside its peers, measured in one run on one machine.
//
// Sections print rows of `what | Carillon | peer | ratio`. Nothing is judged here.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Home, node, program, until } from "../e2e/lib.mjs";
import { httpClient, lineClient, percentile, rate } from "./load.mjs";
import { graphileWorker, pgBoss } from "./peers.mjs";
import { pipelines } from "./pipelines.mjs";
import { transport } from "./transport.mjs";
import pg from "pg";

const here = path.dirname(fileURLToPath(import.meta.url));
const seconds = Number(process.env.BENCH_SECONDS ?? 3);
const wanted = new Set(process.argv.slice(2));
const section = (name) => wanted.size === 0 || wanted.has(name);
const row = (what, ours, peer, name) =>
  console.log(`${what.padEnd(46)} ${ours.padStart(14)} ${peer === undefined ? "" : `${peer.padStart(14)}  ${name}`}`);
const ms = (value) => `${value.toFixed(1)} ms`;
const perSecond = (value) => `${value.toFixed(value < 100 ? 1 : 0)} /s`;
const ratio = (ours, theirs) => `${(ours / theirs).toFixed(2)} x`;

async function toToolsList(command, args, environment, modern) {
  const started = performance.now();
  const child = spawn(command, args, { env: environment, stdio: ["pipe", "pipe", "ignore"] });
  const send = lineClient(child);
  if (!modern) await send("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "bench", version: "1" } }, false);
  await send("tools/list", {}, modern);
  const took = performance.now() - started;
  child.stdin.end();
  await new Promise((resolve) => child.on("exit", resolve));
  return took;
}

async function cold(home) {
  const fresh = new Home({}, {}, { bare: true });
  const first = await toToolsList(program, ["mcp"], fresh.environment, true);
  await fresh.end();
  row("first start, database made, to tools/list", ms(first));
  const ours = [], theirs = [];
  for (let i = 0; i < 9; ++i) {
    ours.push(await toToolsList(program, ["mcp"], home.environment, true));
    theirs.push(await toToolsList(node, [path.join(here, "echo_server.mjs")], process.env, false));
  }
  const [a, b] = [percentile(ours, 0.5), percentile(theirs, 0.5)];
  row("start with the daemon up, to tools/list (p50)", ms(a), ms(b), `TypeScript SDK server, ${ratio(b, a)} as long`);
}

async function calls(home) {
  const status = await home.status();
  const ours = httpClient(status.mcp, home.token());
  const peerHttp = spawn(node, [path.join(here, "echo_server.mjs"), "http"], { stdio: ["pipe", "pipe", "inherit"] });
  const port = await new Promise((resolve) => peerHttp.stdout.once("data", (data) => resolve(Number(String(data)))));
  const theirs = httpClient(`http://127.0.0.1:${port}/mcp`, undefined, false);
  const front = home.start(["mcp"]);
  const oursStdio = lineClient(front);
  const peerStdio = spawn(node, [path.join(here, "echo_server.mjs")], { stdio: ["pipe", "pipe", "inherit"] });
  const theirsStdio = lineClient(peerStdio);
  await theirsStdio("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "bench", version: "1" } }, false);
  const echo = { name: "echo", arguments: { message: "x" } };
  // preview computes and touches no table; list_tasks is one transaction. The peer only echoes.
  const cheap = { name: "preview", arguments: { when: "in 5m" } };
  const query = { name: "list_tasks", arguments: {} };
  for (const callers of [1, 8, 32]) {
    const overHttp = await rate(() => theirs("tools/call", echo), callers, seconds);
    const overStdio = await rate(() => theirsStdio("tools/call", echo, false), callers, seconds);
    for (const call of [cheap, query]) {
      const a = await rate(() => ours("tools/call", call), callers, seconds);
      row(`${call.name} over HTTP, ${callers} callers`, perSecond(a), perSecond(overHttp), `TypeScript SDK echo, ${ratio(a, overHttp)}`);
      const b = await rate(() => oursStdio("tools/call", call), callers, seconds);
      row(`${call.name} over stdio, ${callers} callers`, perSecond(b), perSecond(overStdio), `TypeScript SDK echo, ${ratio(b, overStdio)}`);
    }
  }
  for (const child of [peerHttp, peerStdio, front]) child.kill();
}

// `carillon migrate url` answers libpq's keyword form; the peers want a URI.
function uriOf(keywords) {
  const said = Object.fromEntries([...keywords.matchAll(/(\w+)='((?:[^'\\]|\\.)*)'|(\w+)=(\S+)/g)].map((m) => [m[1] ?? m[3], m[2] ?? m[4]]));
  return `postgresql://${encodeURIComponent(said.user)}:${encodeURIComponent(said.password)}@localhost/${said.dbname}?host=${encodeURIComponent(said.host)}`;
}

async function connect(home) {
  const url = uriOf((await home.run(["migrate", "url"])).stdout.trim());
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return { url, client };
}

// Reads how many runs the daemon has settled, as its own counter says after each commit: asking the database all the time
// would be part of the load.
async function settledCounter(home) {
  const { http } = await home.status();
  const headers = { Authorization: `Bearer ${home.token()}` };
  return async () => {
    const text = await (await fetch(`${http}/metrics`, { headers })).text();
    return Number(text.match(/^carillon_runs_total\{outcome="succeeded"\} (\S+)/m)?.[1] ?? 0);
  };
}

// Fills run_ready with runs of one task that echo, and times how long the workers take to move them all to history.
async function drain(home, client, count) {
  await home.call("schedule_task", { name: "noop", when: "manual", tool: "carillon.echo", arguments: { message: "x" }, on_conflict: "keep" });
  await home.call("set_task_state", { all: true, state: "paused", reason: "filling the queue" });
  const { rows: [task] } = await client.query("SELECT tenant_id, task_id, version FROM carillon.task WHERE name = 'noop'");
  await client.query(readFileSync(path.join(here, "fill_queue.sql"), "utf8"), [task.tenant_id, task.task_id, task.version, count]);
  const inHistory = async () => Number((await client.query("SELECT count(*) AS n FROM carillon.run_history WHERE task_id = $1 AND outcome = 'succeeded'", [task.task_id])).rows[0].n);
  const settled = await settledCounter(home);
  const [before, rowsBefore] = [await settled(), await inHistory()];
  const started = performance.now();
  await home.call("set_task_state", { all: true, state: "active" });
  await until(async () => (await settled()) >= before + count, "the queue to drain", 300_000);
  const took = (performance.now() - started) / 1000;
  if ((await inHistory()) !== rowsBefore + count) throw new Error("the history does not have what was counted");
  return count / took;
}

async function runs(home) {
  const { url, client } = await connect(home);
  const count = Number(process.env.BENCH_RUNS ?? 60_000);
  const wal = async () => BigInt((await client.query("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint AS n")).rows[0].n);
  await drain(home, client, 2_000);
  const before = await wal();
  const ours = await drain(home, client, count);
  const bytes = Number((await wal()) - before) / count;
  row("no-op runs drained", perSecond(ours));
  row("WAL per run, enqueue to history", `${bytes.toFixed(0)} B`);
  for (const peer of await graphileWorker.variants(url, count)) row(`  beside ${peer.name}`, "", perSecond(peer.rate), ratio(ours, peer.rate));
  for (const peer of await pgBoss.variants(url, count)) row(`  beside ${peer.name}`, "", perSecond(peer.rate), ratio(ours, peer.rate));
  await client.end();
}

// Tasks due at different instants on an idle system: how long after the slot they were started, by the database's clock.
async function latency(home) {
  const { url, client } = await connect(home);
  const count = 60;
  const base = Date.now() + 3_000;
  for (let i = 0; i < count; ++i)
    await home.call("schedule_task", { name: `due-${i}`, when: new Date(base + i * 150).toISOString().replace(/\.\d+Z/, "Z"), tool: "carillon.echo", arguments: { message: "x" } });
  const late = async () => (await client.query("SELECT extract(epoch FROM started_at - slot) * 1000 AS late FROM carillon.run_history h JOIN carillon.task t USING (tenant_id, task_id) WHERE t.name LIKE 'due-%'")).rows.map((r) => Number(r.late));
  const values = await until(async () => { const all = await late(); return all.length >= count ? all : null; }, "the due runs", 120_000);
  row("idle due-to-start p50 / p99", `${percentile(values, 0.5).toFixed(1)} / ${percentile(values, 0.99).toFixed(1)} ms`);
  for (const peer of [graphileWorker, pgBoss]) {
    const theirs = await peer.latency(url, 100);
    row(`  beside ${peer.name} (enqueue-to-start)`, "", `${percentile(theirs, 0.5).toFixed(1)} / ${percentile(theirs, 0.99).toFixed(1)} ms`, "p50 / p99");
  }
  await client.end();
}

async function memory(home) {
  const { pid } = await home.status();
  const front = home.start(["mcp"]);
  await lineClient(front)("tools/list", {});
  const resident = (process_) => `${(Number(readFileSync(`/proc/${process_}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024).toFixed(1)} MiB`;
  row("resident memory, daemon", resident(pid));
  row("resident memory, front", resident(front.pid));
  front.kill();
}

// The next slot of every case of the corpora, beside libraries that answer the same questions; then 100,000 tasks.
function time() {
  const corpora = path.join(here, "../corpora");
  const figures = (command, ...args) => JSON.parse(execFileSync(command, args, { maxBuffer: 1 << 20 }));
  const ours = figures(path.join(path.dirname(program), "tests/bench/time_bench"), corpora);
  const javascript = figures(node, path.join(here, "time/peers.mjs"), corpora);
  const micros = (value) => (value >= 1000 ? `${(value / 1000).toFixed(1)} ms` : `${value.toFixed(1)} us`);
  const print = (name, one) => row(`next slot, ${name} (${one.cases} cases)`, `${micros(one.median)} / ${micros(one.p99)} / ${micros(one.worst)}`, one.worst_case, `is the worst${one.out_of_patience ? `; ${one.out_of_patience} stopped after a second` : ""}`);
  console.log("median / p99 / worst of the next slot after an instant");
  print("rules, Carillon", ours.rrule);
  print("rules, python-dateutil", figures("python3", path.join(here, "time/dateutil_peer.py"), corpora));
  print("rules, rrule.js", javascript["rrule.js"]);
  print("cron, Carillon", ours.cron);
  print("cron, croner", javascript.croner);
  row("slots of 100,000 tasks, one core", perSecond(ours.tasks_per_second));
}

const home = new Home();
try {
  if (section("time")) time();
  if (section("pipelines")) await pipelines();
  await home.serve();
  console.log(`carillon ${(await home.status()).version}, node ${process.version}, ${seconds} s a load`);
  if (section("memory")) await memory(home);
  if (section("cold")) await cold(home);
  if (section("latency")) await latency(home);
  if (section("calls")) await calls(home);
  if (section("transport")) await transport(home);
  if (section("runs")) await runs(home);
} finally {
  await home.end();
}

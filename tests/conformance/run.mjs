// Runs the official conformance suite against what this tree builds and counts what it found.
//
//   node tests/conformance/run.mjs BUILD_DIRECTORY RESULTS_DIRECTORY
//
// Every suite that the specification's revisions have, on both sides; the server's each against a server of its own, so
// that none meets what another left behind. Nothing is excused: a check that fails or warns, a scenario that ran no
// check, and a suite that ended badly all count as failed, whether the suite scores them or not.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const [build, results] = process.argv.slice(2).map((each) => path.resolve(each));
const npm = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../npm");
const suite = path.join(npm, "node_modules/@modelcontextprotocol/conformance/dist/index.js");

const ofRevision = (revision) => ["--requirements", revision];
const allOf = (revision) => ["--suite", "all", "--spec-version", revision];
// What the product's endpoint is asked: the scenarios that need no tool, resource or prompt of the suite's fixture.
const needsNoFixture = {
  "2026-07-28": ["tools-list", "resources-list", "prompts-list", "caching", "sep-2164-resource-not-found", "dns-rebinding-protection", "server-sse-multiple-streams", "http-header-validation", "input-required-result-unsupported-methods"],
  "2025-11-25": ["server-session-lifecycle", "server-initialize", "ping", "logging-set-level", "tools-list", "resources-list", "prompts-list", "dns-rebinding-protection", "server-sse-multiple-streams"],
  "2025-06-18": ["server-session-lifecycle", "server-initialize", "ping", "logging-set-level", "tools-list", "resources-list", "prompts-list"],
  "2025-03-26": ["server-session-lifecycle"],
};

const jobs = [
  { side: "server", args: ofRevision("2026-07-28") },
  { side: "server", args: ofRevision("2025-11-25") },
  { side: "server", args: allOf("2025-06-18") },
  { side: "server", args: allOf("2025-03-26") },
  { side: "client", args: ofRevision("2026-07-28") },
  { side: "client", args: ofRevision("2025-11-25") },
  { side: "client", args: ["--suite", "all"] },
  { side: "client", args: allOf("2025-06-18") },
  { side: "client", args: allOf("2025-03-26") },
  { side: "product", args: [] },
];

const name = (job) => `${job.side} ${job.args.join(" ").replaceAll("--", "")}`.trim();
const folder = (job) => path.join(results, name(job).replaceAll(/[^a-z0-9]+/g, "-"));

// Runs the suite once; its words go to a log beside its results.
function runSuite(args, log) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [suite, ...args], { stdio: ["ignore", "pipe", "pipe"], cwd: npm });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => { said += data; });
    child.on("close", (code) => {
      writeFileSync(log, said, { flag: "a" });
      resolve(code);
    });
  });
}

// Starts a server and gives its address once it has told it.
function startServer(command, args, environment, address) {
  const child = spawn(command, args, { env: environment, stdio: ["pipe", "pipe", "pipe"] });
  const gone = new Promise((resolve) => child.on("exit", resolve));
  return new Promise((resolve, reject) => {
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data) => {
        said += data;
        const found = said.match(address);
        if (found) resolve({ port: found[1], child, async stop() { child.stdin.end(); await gone; } });
      });
    }
    gone.then((code) => reject(new Error(`${command} ended with ${code}: ${said}`)));
  });
}

// The product's daemon in a home of its own; the front door is open, because the suite knows of no token.
async function startProduct() {
  const home = mkdtempSync(path.join(tmpdir(), "carillon-"));
  const environment = { PATH: process.env.PATH, HOME: home, CARILLON_HOME: path.join(home, "home"), CARILLON_HTTP_LISTEN: "127.0.0.1:0" };
  const server = await startServer(path.join(build, "carillon"), ["serve", "--insecure-loopback"], environment, /http:\/\/127\.0\.0\.1:(\d+)/);
  return { port: server.port, async stop() { server.child.kill("SIGTERM"); await server.stop(); rmSync(home, { recursive: true, force: true }); } };
}

async function runJob(job) {
  mkdirSync(folder(job), { recursive: true });
  const log = path.join(folder(job), "log");
  const run = (args) => runSuite([...args, "-o", folder(job)], log);
  if (job.side === "client") return run(["client", "--command", path.join(build, "conformance_client"), ...job.args]);
  const server = job.side === "product" ? await startProduct()
    : await startServer(path.join(build, "conformance_server"), ["--listen", "127.0.0.1:0"], process.env, /listening on port (\d+)/);
  const url = ["--url", `http://127.0.0.1:${server.port}/mcp`];
  let worst = 0;
  if (job.side === "server") worst = await run(["server", ...url, ...job.args]);
  else
    for (const [revision, scenarios] of Object.entries(needsNoFixture))
      for (const scenario of scenarios) worst = Math.max(worst, await run(["server", ...url, "--scenario", scenario, "--spec-version", revision]));
  await server.stop();
  return worst;
}

function* checkFiles(directory) {
  for (const entry of readdirSync(directory)) {
    const file = path.join(directory, entry);
    if (statSync(file).isDirectory()) yield* checkFiles(file);
    else if (entry === "checks.json") yield file;
  }
}

// What the files of a job say: scenarios that passed and failed, checks that passed, and what is wrong.
function tally(job) {
  const counts = { passed: 0, failed: 0, checks: 0, complaints: [] };
  for (const file of checkFiles(folder(job))) {
    const checks = JSON.parse(readFileSync(file, "utf8"));
    const bad = checks.filter((check) => check.status === "FAILURE" || check.status === "WARNING");
    counts.checks += checks.filter((check) => check.status === "SUCCESS").length;
    const good = bad.length === 0 && checks.length > 0;
    counts[good ? "passed" : "failed"] += 1;
    if (good) continue;
    const scenario = path.basename(path.dirname(file));
    counts.complaints.push(...bad.map((check) => `${scenario}: ${check.status} ${check.id}: ${check.errorMessage ?? check.description ?? ""}`));
    if (checks.length === 0) counts.complaints.push(`${scenario}: no check was made`);
  }
  return counts;
}

async function finish(job) {
  const started = Date.now();
  let code;
  try { code = await runJob(job); } catch (error) { code = error.message; }
  const counts = tally(job);
  if ((code !== 0 || counts.passed === 0) && counts.failed === 0) counts.failed = 1;
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  console.log(`${name(job).padEnd(46)} ${counts.passed} scenarios passed, ${counts.failed} failed (${counts.checks} checks, ${seconds} s)`);
  for (const complaint of counts.complaints) console.log(`  ${complaint}`);
  if (code !== 0) console.log(`  the suite ended with ${code}; see ${path.join(folder(job), "log")}`);
  return counts;
}

rmSync(results, { recursive: true, force: true });
const waiting = [...jobs];
const all = [];
const work = async () => { while (waiting.length > 0) all.push(await finish(waiting.shift())); };
// The suite waits more than it works; so do the servers.
await Promise.all(Array.from({ length: cpus().length + 1 }, work));
const sum = (member) => all.reduce((total, counts) => total + counts[member], 0);
console.log(`conformance: ${sum("passed")} scenarios passed, ${sum("failed")} failed (${sum("checks")} checks)`);
process.exit(sum("failed") === 0 ? 0 : 1);

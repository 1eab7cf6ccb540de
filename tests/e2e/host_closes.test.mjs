// Hosts close, and daemons are killed in the middle of runs (E7): what hosts scheduled happens without them, one daemon serves them
// all, and whatever comes next starts it again. Every client, over stdio and HTTP, in both eras.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { clients, Home, node, program, root, standIn, textOf, until } from "./lib.mjs";

const all = await clients();
const overStdio = all.filter((kind) => kind.overStdio), overHttp = all.filter((kind) => !kind.overStdio);
const slug = (kind) => kind.name.replaceAll(" ", "-");

// The running processes of a home that were started as `carillon <word>`. What has ended and waits for its parent runs no more.
function processesOf(home, word) {
  const read = (pid, file) => { try { return readFileSync(`/proc/${pid}/${file}`, "utf8").split("\0"); } catch { return []; } };
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && path.basename(read(pid, "cmdline")[0] ?? "") === path.basename(program)
    && read(pid, "cmdline")[1] === word && read(pid, "environ").includes(`CARILLON_HOME=${home.environment.CARILLON_HOME}`)).map(Number);
}

// A host that can be killed without its front reading an end of its input, because somebody else holds the pipe open, too: us.
async function stdioHost(home, kind) {
  const pipe = path.join(home.directory, slug(kind));
  execFileSync("mkfifo", [pipe]);
  const held = openSync(pipe, "r+");
  const client = await kind.connect({ environment: home.environment, launch: ["/bin/sh", "-c", 'exec 3<&0; cat <&3 >"$1" & "$0" mcp <"$1"; exit $?', program, pipe] });
  return {
    call: (name, args) => client.callTool({ name, arguments: args }),
    kill: () => process.kill(client.transport.pid, "SIGKILL"),
    letGo: () => closeSync(held),
  };
}

// A host over HTTP is a process with a connection; what it calls first is all that it calls.
async function httpHost(home, kind, tool, args) {
  const words = [path.join(root, "tests/e2e/http_host.mjs"), kind.name, (await home.status()).mcp, home.token(), tool, JSON.stringify(args)];
  const child = spawn(node, words, { stdio: ["ignore", "pipe", "inherit"] });
  home.children.push(child);
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return { answer: JSON.parse(line), kill: () => child.kill("SIGKILL") };
}

const over = async (home, kind, work) => {
  const client = await kind.connect(home);
  try { return await work((name, args) => client.callTool({ name, arguments: args })); } finally { await client.close(); }
};
const runsOf = async (call, task) => (await call("list_runs", { task })).structuredContent.runs;
const done = (result) => { assert.ok(!result.isError, textOf(result)); return result; };

describe("hosts that close and daemons that are killed", { concurrency: true }, () => {
  test("hosts of every client share one daemon, and what they scheduled happens after all of them were killed (E7)", async () => {
    const home = new Home();
    const task = (kind) => ({ name: `left-${slug(kind)}`, when: "in 3s", tool: "carillon.echo", arguments: { message: kind.name } });
    try {
      const hosts = await Promise.all(overStdio.map((kind) => stdioHost(home, kind)));  // at once, on a clean home
      const daemons = processesOf(home, "serve");
      assert.equal(daemons.length, 1);
      const remote = await Promise.all(overHttp.map((kind) => httpHost(home, kind, "schedule_task", task(kind))));
      for (const host of remote) done(host.answer);
      await Promise.all(hosts.map(async (host, i) => done(await host.call("schedule_task", task(overStdio[i])))));
      assert.equal(processesOf(home, "mcp").length, overStdio.length);

      for (const host of [...hosts, ...remote]) host.kill();
      await until(() => processesOf(home, "mcp").length === 0, "the fronts to end without an end of their input");
      for (const host of hosts) host.letGo();
      for (const kind of all)
        await until(async () => (await home.call("list_runs", { task: `left-${slug(kind)}` })).runs.some((run) => run.status === "succeeded"), `the task of ${kind.name}`);
      assert.deepEqual(processesOf(home, "serve"), daemons, "nobody started another daemon");
    } finally { await home.end(); }
  });

  test("a daemon that is killed in the middle of runs is started again, charges nobody twice and takes up what may be repeated (E7)", async () => {
    const home = new Home();
    const journal = path.join(home.directory, "journal.jsonl"), file = path.join(home.directory, "signal");
    // The stand-in's annotations say that `wait_for_file` may not be repeated and `progress`, which reads, may.
    writeFileSync(`${home.environment.CARILLON_HOME}/servers.json`, JSON.stringify({ mcpServers: { pay: standIn("--journal", journal) } }));
    const calls = (tool) => (existsSync(journal) ? readFileSync(journal, "utf8").trim().split("\n") : []).map((line) => JSON.parse(line))
      .filter((entry) => entry.event === "call" && entry.tool === tool);
    const runsCalled = (tool) => new Set(calls(tool).map((call) => call.key)).size;  // all calls of a run carry one key
    const killed = async () => {
      const [daemon, ...others] = processesOf(home, "serve");
      assert.deepEqual(others, []);
      process.kill(daemon, "SIGKILL");
      await until(() => processesOf(home, "serve").length === 0, "the daemon to be gone");
      return calls("progress").length;
    };
    try {
      for (const kinds of [overStdio, overHttp])  // the first of them start the daemon
        await Promise.all(kinds.map((kind) => over(home, kind, async (call) => {
          done(await call("schedule_task", { name: `charge-${slug(kind)}`, when: "in 1s", tool: "pay.wait_for_file", arguments: { path: file } }));
          done(await call("schedule_task", { name: `look-${slug(kind)}`, when: "in 1s", tool: "pay.progress", arguments: { path: file } }));
        })));
      await until(() => runsCalled("wait_for_file") === all.length && runsCalled("progress") === all.length, "every run to be in its call");
      const before = await killed();

      const fronts = await Promise.all(overStdio.map((kind) => kind.connect(home)));  // at once: one of them starts it
      // One at first: what was under way when a daemon died is taken up one by one, for any of it may have been the reason.
      await until(() => calls("progress").length > before, "what may be repeated to be called again");
      await Promise.all(fronts.map((client) => client.close()));
      const meanwhile = await killed();

      await home.serve();  // and so does who starts it on purpose
      await until(() => calls("progress").length > meanwhile, "what may be repeated to be called once more");
      writeFileSync(file, "");
      await Promise.all(all.map((kind) => over(home, kind, async (call) => {
        const ended = (task) => until(async () => (await runsOf(call, task)).find((run) => !["queued", "running"].includes(run.status)), `the run of ${task}`);
        const charge = await ended(`charge-${slug(kind)}`);
        assert.equal(charge.status, "unknown");
        assert.match(textOf(await call("get_run", { run: charge.run })), /retry_run/, "what somebody can do about it");
        assert.equal((await ended(`look-${slug(kind)}`)).status, "succeeded");
      })));
      assert.equal(calls("wait_for_file").length, all.length, "each was charged once");
      assert.equal(runsCalled("progress"), all.length);
    } finally { await home.end(); }
  });
});

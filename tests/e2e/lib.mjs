// What every end-to-end test needs: a home of its own, the real program in it, and real clients.
//
// A Home is a temporary CARILLON_HOME with a servers.json and a PostgreSQL that is migrated, or bare; `end()` stops its
// daemon (by `carillon stop`, else by pid) and removes it. Programs under test: CARILLON_PROGRAM, default build/release/carillon.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { askStatus, askTool } from "./daemon_socket.mjs";
import { prepare } from "./prepared_home.mjs";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const program = process.env.CARILLON_PROGRAM ?? path.join(root, "build/release/carillon");
const npm = path.join(root, "tests/npm");
const resolveFrom = createRequire(path.join(npm, "package.json"));
export const node = process.execPath;

// A module of the pinned packages of tests/npm.
export const load = (name) => import(pathToFileURL(resolveFrom.resolve(name)));
export const npmFile = (relative) => path.join(npm, "node_modules", relative);

// The downstream servers of the examples, as a host would configure them.
export function realServers(directory) {
  const run = (file, ...args) => ({ command: node, args: [npmFile(file), ...args] });
  return {
    everything: run("@modelcontextprotocol/server-everything/dist/index.js"),
    filesystem: run("@modelcontextprotocol/server-filesystem/dist/index.js", directory),
    memory: { ...run("@modelcontextprotocol/server-memory/dist/index.js"), env: { MEMORY_FILE_PATH: path.join(directory, "memory.jsonl") } },
  };
}

export function standIn(...args) {
  const directory = path.dirname(program), file = ["tests/stand_in", "."].map((room) => path.join(directory, room, "stand_in_server")).find(existsSync);
  if (!file) throw new Error(`there is no stand_in_server beside ${program}`);
  return { command: file, args };
}

export class Home {
  constructor(servers = {}, environment = {}, { bare = false } = {}) {
    this.directory = mkdtempSync(path.join(tmpdir(), "carillon-"));
    const plain = { PATH: process.env.PATH, HOME: this.directory, TZ: "Europe/Berlin", CARILLON_HOME: path.join(this.directory, "home"), CARILLON_HTTP_LISTEN: "127.0.0.1:0",
      // Short leases, so that what a killed worker held is taken over within seconds.
      CARILLON_WORKER_RUN_LEASE: "3s", CARILLON_WORKER_SHARD_EXPIRY: "3s", CARILLON_WORKER_RENEW_EVERY: "500ms",
      // Where the counters of a coverage build complain: not in the answers that tests read.
      ...(process.env.GCOV_ERROR_FILE ? { GCOV_ERROR_FILE: process.env.GCOV_ERROR_FILE } : {}) };
    this.environment = { ...plain, ...environment };
    this.socket = path.join(this.environment.CARILLON_HOME, "run/daemon.sock");
    this.children = [];
    this.servers = servers;
    mkdirSync(this.environment.CARILLON_HOME, { recursive: true });
    if (!bare) prepare(this.environment.CARILLON_HOME, program, plain);
    writeFileSync(path.join(this.environment.CARILLON_HOME, "servers.json"), JSON.stringify({ mcpServers: servers }));
  }

  // Runs the program to its end: {code, stdout, stderr}. Never throws.
  run(args, { environment = {}, input = "" } = {}) {
    return new Promise((resolve) => {
      const child = execFile(program, args, { env: { ...this.environment, ...environment }, timeout: 90_000, maxBuffer: 64 << 20 }, (error, stdout, stderr) =>
        resolve({ code: error ? (error.code ?? -1) : 0, stdout, stderr }));
      child.stdin.on("error", () => {});  // a program that ends before it reads is no failure of ours
      child.stdin.end(input);
    });
  }

  // Starts the program and leaves it running; its stderr is kept in child.errors. `command`: what it is started by.
  start(args, environment = {}, command = [program]) {
    const child = spawn(command[0], [...command.slice(1), ...args], { env: { ...this.environment, ...environment }, stdio: ["pipe", "pipe", "pipe"] });
    child.errors = "";
    child.stderr.on("data", (data) => { child.errors += data; });
    child.gone = new Promise((resolve) => child.on("exit", (code, signal) => resolve({ code, signal })));
    this.children.push(child);
    return child;
  }

  // A daemon in the foreground, ready.
  async serve(args = [], environment = {}) {
    const child = this.start(["serve", ...args], environment);
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`the daemon ended: ${child.errors}`);
      try { return (await askStatus(this.socket)).state === "ready"; } catch { return false; }
    }, "the daemon to be ready");
    return child;
  }

  async status() {
    try { return await askStatus(this.socket); } catch {
      const answer = await this.run(["status", "--json"]);
      try { return JSON.parse(answer.stdout); } catch { return { state: "none", answer }; }
    }
  }

  // One tool call as the command line makes it; the structured result. Throws where the tool answers an error, with
  // what `carillon call` would have printed.
  async call(tool, args = {}) {
    const answer = await this.#answer(tool, args);
    if (answer.code !== 0) throw Object.assign(new Error(`${tool}: ${answer.stdout}${answer.stderr}`), answer);
    return JSON.parse(answer.stdout);
  }

  async #answer(tool, args) {
    try { return printed(await askTool(this.socket, this.environment.TZ, tool, args)); } catch (error) {
      if (!["ENOENT", "ECONNREFUSED"].includes(error.code)) return { code: 3, stdout: "", stderr: `carillon: ${error.message}\n` };
      return this.run(["call", tool, "--json", "--args", JSON.stringify(args)]);  // it may start a daemon
    }
  }

  token() { return readFileSync(path.join(this.environment.CARILLON_HOME, "token"), "utf8").trim(); }

  async end() {
    await this.run(["stop"]);
    for (const child of this.children) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }
}

// What `carillon call --json` makes of an answer.
function printed({ error, result }) {
  if (error) return { code: 1, stdout: "", stderr: `carillon: ${error.message}\n` };
  return { code: result.isError ? 1 : 0, stdout: result.structuredContent ? JSON.stringify(result.structuredContent, null, 2) : textOf(result), stderr: "" };
}

// Asks again and again until the answer is truthy; the only way in which these tests wait for another process.
export async function until(ask, what, limitMs = 60_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

// The clients of both generations over both transports, in either era. Each is {name, overStdio, connect(home) → client
// with listTools(), callTool(), close()}; connect also takes options of the client (its capabilities) and a function
// that prepares it (its handlers). What a home has under `launch` are the words by which hosts start their front.
export async function clients() {
  const v1 = await load("@modelcontextprotocol/sdk/client/index.js");
  const v1Stdio = await load("@modelcontextprotocol/sdk/client/stdio.js");
  const v1Http = await load("@modelcontextprotocol/sdk/client/streamableHttp.js");
  const v2 = await load("@modelcontextprotocol/client");
  const v2Stdio = await load("@modelcontextprotocol/client/stdio");
  const info = { name: "carillon-e2e", version: "1" };
  const stdio = ({ environment, launch: [command, ...args] = [program, "mcp"] }) => ({ command, args, env: environment, stderr: "pipe" });
  const authorized = (home) => ({ requestInit: { headers: { Authorization: `Bearer ${home.token()}` } } });
  const endpoint = async (home) => new URL((await home.status()).mcp);
  const made = (name, makeClient, makeTransport) => ({
    name,
    overStdio: name.endsWith("stdio"),
    async connect(home, options = {}, prepare = () => {}) {
      const client = makeClient(options);
      prepare(client);
      await client.connect(await makeTransport(home));
      return client;
    },
  });
  const list = [
    made("v1 stdio", (options) => new v1.Client(info, options), (home) => new v1Stdio.StdioClientTransport(stdio(home))),
    made("v1 http", (options) => new v1.Client(info, options), async (home) => new v1Http.StreamableHTTPClientTransport(await endpoint(home), authorized(home))),
  ];
  for (const mode of ["legacy", "auto"]) {
    const makeClient = (options) => new v2.Client(info, { versionNegotiation: { mode }, ...options });
    list.push(made(`v2 ${mode} stdio`, makeClient, (home) => new v2Stdio.StdioClientTransport(stdio(home))));
    list.push(made(`v2 ${mode} http`, makeClient, async (home) => new v2.StreamableHTTPClientTransport(await endpoint(home), authorized(home))));
  }
  return list;
}

export const textOf = (result) => result.content.filter((block) => block.type === "text").map((block) => block.text).join("\n");

// Calls of tools by a client of that kind, which is closed behind the work.
export const withClient = async (home, kind, work) => {
  const client = await kind.connect(home);
  try { return await work((name, args) => client.callTool({ name, arguments: args })); } finally { await client.close(); }
};
// What a call that must succeed answers, and what one that must not is refused with.
export const answered = async (call) => { const result = await call; assert.ok(!result.isError, textOf(result)); return result.structuredContent; };
export const refused = async (call) => { const result = await call; assert.ok(result.isError, textOf(result)); return textOf(result); };

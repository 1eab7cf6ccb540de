// scripts/bench transport: calls per second and p99 over HTTP and over stdio (through the front), with nobody listening
// and with 1,000 listeners, beside the TypeScript SDK and two yardsticks: cpp-httplib's bare echo and our transport
// with an echo tool. What the product is asked is `preview` of "in 5m": it computes, and touches no table.
//
// Each number is a load of its own, one server after the other, so that all ratios stand in one run.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";
import { node, program } from "../e2e/lib.mjs";
import { request } from "./load.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const built = (name) => path.join(path.dirname(program), name);
const milliseconds = Number(process.env.BENCH_SECONDS ?? 3) * 1000;
const callerCounts = (process.env.BENCH_CALLERS ?? "1,8,32,256").split(",").map(Number);
const listenerCount = Number(process.env.BENCH_LISTENERS ?? 1000);

// A child that answers each line with a line.
class Lines {
  constructor(command, args, environment = process.env) {
    this.child = spawn(command, args, { env: environment, stdio: ["pipe", "pipe", "inherit"] });
    this.lines = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }
  async next() {
    const line = await this.lines.next();
    if (line.done) throw new Error(`${this.child.spawnfile} ended`);
    return JSON.parse(line.value);
  }
  ask(line) {
    this.child.stdin.write(line + "\n");
    return this.next();
  }
}

// The processor time a process has used, in microseconds; the kernel counts it in hundredths of a second.
const processorUs = (pid) => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13).reduce((sum, ticks) => sum + Number(ticks), 0) * 10_000;
const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
const residentKiB = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]);
const callOf = (params, modern) => request("__ID__", "tools/call", params, modern).replace('"__ID__"', "__ID__");

const echo = { name: "echo", arguments: { message: "x" } };
const preview = { name: "preview", arguments: { when: "in 5m" } };

function listenRequest({ modern, headers }) {
  const all = ["Host: 127.0.0.1", "Accept: application/json, text/event-stream", ...headers];
  if (!modern) return ["GET /mcp HTTP/1.1", ...all, "", ""].join("\r\n");
  const body = request(1, "subscriptions/listen", { notifications: { toolsListChanged: true } }, true);
  return ["POST /mcp HTTP/1.1", ...all, "Content-Type: application/json", "Mcp-Method: subscriptions/listen", `Content-Length: ${Buffer.byteLength(body)}`, "", body].join("\r\n");
}

// A server over HTTP: who it is, what it is asked, and the process whose memory and time count.
function httpLoad({ name, port, pid, call, modern, token, listens = true }) {
  const headers = [`MCP-Protocol-Version: ${modern ? "2026-07-28" : "2025-06-18"}`];
  if (token) headers.push(`Authorization: Bearer ${token}`);
  const calling = modern ? [...headers, "Mcp-Method: tools/call", `Mcp-Name: ${call.name}`] : headers;
  const args = ["http", String(port), "--call", callOf(call, modern), "--listen", listenRequest({ modern, headers })];
  return { name, listens, pids: [pid], load: new Lines(built("transport_load"), [...args, ...calling.flatMap((header) => ["--header", header])]) };
}

function stdioLoad({ name, command, call, modern, environment, behind = [] }) {
  const greet = modern ? [] : ["--greet", request(1, "initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "bench", version: "1" } }),
    "--greet", JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })];
  const load = new Lines(built("transport_load"), ["stdio", "--call", callOf(call, modern), ...greet, "--", ...command], environment);
  return { name, load, get pids() { return [...childrenOf(load.child.pid), ...behind]; } };
}

const rounded = (value) => (value < 100 ? value.toFixed(1) : value.toFixed(0));

async function compare(what, servers) {
  const rates = [];
  for (const { name, load, pids } of servers) {
    await load.ask(`run ${what.callers} 100`);  // connections made, code warm
    const used = () => pids.reduce((sum, pid) => sum + processorUs(pid), 0);
    const before = used();
    const { calls, per_second, p50_us, p99_us } = await load.ask(`run ${what.callers} ${milliseconds}`);
    rates.push(per_second);
    const columns = [`${rounded(per_second).padStart(8)} /s`, `p50 ${String(p50_us).padStart(6)} us`, `p99 ${String(p99_us).padStart(6)} us`, `${((used() - before) / calls).toFixed(1).padStart(7)} us of processor a call`];
    if (rates.length > 1) columns.push(`carillon does ${(rates[0] / per_second).toFixed(2)} x`);
    console.log(`${what.text.padEnd(34)} ${name.padEnd(22)} ${columns.join("  ")}`);
  }
}

async function listenersOn(servers) {
  for (const { name, pids, load } of servers) {
    const before = residentKiB(pids[0]);
    await load.ask(`listen ${listenerCount}`);
    console.log(`${"memory per idle listener".padEnd(34)} ${name.padEnd(22)} ${rounded((residentKiB(pids[0]) - before) / listenerCount).padStart(8)} KiB`);
  }
}

export async function transport(home) {
  const status = await home.status();
  const running = [];
  const start = (command, args) => {
    running.push(new Lines(command, args));
    return running.at(-1);
  };
  try {
    const sdk = start(node, [path.join(here, "echo_server.mjs"), "http"]);
    const library = start(built("httplib_echo"), []);
    const ours = start(built("transport_echo"), ["http"]);
    const http = [
      httpLoad({ name: "carillon preview", port: new URL(status.mcp).port, pid: status.pid, call: preview, modern: true, token: home.token() }),
      httpLoad({ name: "TypeScript SDK echo", port: await sdk.next(), pid: sdk.child.pid, call: echo, modern: false }),
      httpLoad({ name: "transport echo", port: await ours.next(), pid: ours.child.pid, call: echo, modern: true }),
      httpLoad({ name: "cpp-httplib bare echo", port: await library.next(), pid: library.child.pid, call: echo, modern: true, listens: false }),
    ];
    const stdio = [
      stdioLoad({ name: "carillon preview", command: [program, "mcp"], call: preview, modern: true, environment: home.environment, behind: [status.pid] }),
      stdioLoad({ name: "TypeScript SDK echo", command: [node, path.join(here, "echo_server.mjs")], call: echo, modern: false }),
      stdioLoad({ name: "transport echo", command: [built("transport_echo"), "stdio"], call: echo, modern: true }),
    ];
    running.push(...[...http, ...stdio].map(({ load }) => load));
    const listening = http.filter(({ listens }) => listens);
    for (const callers of callerCounts) await compare({ callers, text: `HTTP, ${callers} callers` }, http);
    for (const callers of callerCounts) await compare({ callers, text: `stdio, ${callers} callers` }, stdio);
    if (listenerCount === 0) return;
    await listenersOn(listening);
    for (const callers of callerCounts) await compare({ callers, text: `HTTP, ${callers} callers, ${listenerCount} listeners` }, listening);
    for (const callers of callerCounts) await compare({ callers, text: `stdio, ${callers} callers, ${listenerCount} listeners` }, stdio);
  } finally {
    for (const { child } of running) child.kill();
  }
}

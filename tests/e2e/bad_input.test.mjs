// What comes in wrong is answered with what to change, and the daemon goes on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { writeFileSync } from "node:fs";
import { Home, standIn, until } from "./lib.mjs";

let home, status;
before(async () => {
  home = new Home();
  writeFileSync(`${home.environment.CARILLON_HOME}/servers.json`, JSON.stringify({ mcpServers: {
    odd: { ...standIn(), carillon: { timeout: "2s" } },
    gone: { command: "/nonexistent/server" },
  } }));
  await home.serve();
  status = await home.status();
});
after(() => home.end());

async function refused(tool, args) {
  const answer = await home.run(["call", tool, "--json", "--args", JSON.stringify(args)]);
  assert.equal(answer.code, 1, answer.stdout + answer.stderr);
  return JSON.parse(answer.stdout);
}
const message = { message: "x" };

test("ambiguous, past and impossible times are refused with what would work", async () => {
  const ambiguous = await refused("schedule_task", { name: "x", when: "30m", ...message });
  assert.equal(ambiguous.error, "when_ambiguous");
  assert.deepEqual(ambiguous.try, ["in 30m", "every 30m"]);
  assert.equal((await refused("schedule_task", { name: "x", when: "2025-11-21 09:00", ...message })).error, "when_in_past");
  assert.equal((await refused("schedule_task", { name: "x", when: "cron 0 0 30 2 *", ...message })).error, "never_fires");
  const zone = await refused("schedule_task", { name: "x", when: "in 5m", timezone: "Europe/Berlim", ...message });
  assert.equal(zone.error, "unknown_zone");
  assert.match(JSON.stringify(zone), /Europe\/Berlin/);
  assert.equal((await home.call("list_tasks", {})).total, 0);
});

test("unknown tools and servers and arguments name the nearest", async () => {
  assert.match(JSON.stringify(await refused("schedule_task", { name: "x", when: "in 5m", tool: "odd.ecko", arguments: {} })), /odd\.echo/);
  assert.match(JSON.stringify(await refused("schedule_task", { name: "x", when: "in 5m", tool: "od.echo", arguments: {} })), /odd/);
  assert.match(JSON.stringify(await refused("schedule_task", { name: "x", when: "in 5m", timezon: "UTC", ...message })), /timezone/);
  const wrong = await refused("schedule_task", { name: "x", when: "in 5m", tool: "odd.add", arguments: { a: "one", b: [] } });
  assert.equal(wrong.error, "arguments_invalid");
  assert.match(wrong.pointer, /arguments/);
});

test("lenient input is repaired and told", async () => {
  const made = await home.call("schedule_task", { name: "repaired", when: "in 1h", tool: "odd.add", arguments: '{"a":1,"b":2}', paused: "true" });
  assert.equal(made.state, "paused");
  assert.ok(made.warnings.length >= 1);
});

for (const [tool, args, pattern] of [
  ["odd.hang", {}, /timeout|unknown/],
  ["odd.die", {}, /unavailable|unknown|died|exited/],
  ["odd.garbage", { kind: "result" }, /protocol|unknown/],
  ["odd.fail", { message: "out of paper" }, /out of paper/],
  ["gone.anything", {}, /server_unavailable|unknown_tool|unavailable/],
]) {
  test(`a downstream call of ${tool} ends with a clear error and the daemon goes on`, async () => {
    const answer = await home.run(["call", "call_tool", "--json", "--args", JSON.stringify({ tool, arguments: args, wait_seconds: 40 })]);
    assert.match(answer.stdout + answer.stderr, pattern);
    assert.equal((await home.call("call_tool", { tool: "odd.echo", arguments: { message: "still here" }, wait_seconds: 20 })).status, "succeeded");
  });
}

test("a server that floods its stderr loses nothing and its last words are kept", async () => {
  const flooded = await home.call("call_tool", { tool: "odd.flood", arguments: { bytes: 3_000_000 }, wait_seconds: 30 });
  assert.equal(flooded.status, "succeeded");
});

test("the HTTP endpoint refuses what it must and stays up", async () => {
  const post = (body, headers = {}) => fetch(status.mcp, { method: "POST", body, headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream", Authorization: `Bearer ${home.token()}`, ...headers } });
  assert.equal((await fetch(status.mcp, { method: "POST", body: "{}" })).status, 401);
  assert.equal((await post("{")).status, 400);
  assert.equal((await post("{}", { Origin: "https://evil.example" })).status, 403);
  assert.equal((await post("[" + "1,".repeat(6 << 20) + "1]")).status, 413);
  const health = await fetch(`${status.http}/health`);
  assert.equal(health.status, 200);
  assert.deepEqual(await health.json(), { state: "ready" });
  const full = await (await fetch(`${status.http}/health`, { headers: { Authorization: `Bearer ${home.token()}` } })).json();
  assert.ok(full.version && full.database && full.scheduler);
  assert.match(await (await fetch(`${status.http}/metrics`)).text(), /carillon_/);
});

test("malformed lines on stdio are answered and the conversation goes on", async () => {
  const front = home.start(["mcp"]);
  let out = "";
  front.stdout.on("data", (data) => { out += data; });
  front.stdin.write('{"jsonrpc":"2.0","id":1,"meth\n');
  front.stdin.write('{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"no_such_tool","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}\n');
  await until(() => out.includes('"id":2'), "the second answer");
  assert.match(out, /-32700/);
  assert.match(out, /-32602/);
  front.stdin.end();
  assert.deepEqual(await front.gone, { code: 0, signal: null });
});

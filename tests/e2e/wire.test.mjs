// The wire of the real program: what a host may send over stdio, however cut and however wrong, and who may call over
// HTTP. The official conformance suite has no scenario for either.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect } from "node:net";
import { Home, load, textOf, until } from "./lib.mjs";

let home, status;
before(async () => {
  home = new Home({}, { CARILLON_HTTP_SSE: "true" });
  await home.serve();
  status = await home.status();
});
after(() => home.end());

const meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} };
const modern = (id, method, params = {}) => JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...params, _meta: meta } });
const legacy = (id, method, params = {}) => JSON.stringify({ jsonrpc: "2.0", id, method, params });
const hello = (version) => legacy("hello", "initialize", { protocolVersion: version, capabilities: {}, clientInfo: { name: "e2e", version: "1" } });
const getStatus = (id) => modern(id, "tools/call", { name: "get_status", arguments: {} });

// A front with raw pipes: say() writes exactly these bytes, heard() is what came back, as messages.
function front(environment = {}) {
  const child = home.start(["mcp"], environment);
  let out = "";
  child.stdout.on("data", (data) => { out += data; });
  const heard = () => out.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  return {
    child, heard,
    say: (bytes) => child.stdin.write(bytes),
    answer: (id) => until(() => heard().find((message) => message.id === id), `the answer to ${id}`),
    async end() { child.stdin.end(); return child.gone; },
  };
}

// The same words reach the daemon over its socket, or the server in the front's own process.
for (const [where, environment] of [["through the daemon", {}], ["in its own process", { HOME: "/proc", CARILLON_HOME: "/proc/sealed" }]]) {
  test(`stdio ${where}: split, joined, wrong and huge lines are each answered and the conversation goes on`, async () => {
    const host = front(environment);
    for (const byte of Buffer.from(getStatus("Zürich"))) host.say(Buffer.of(byte));
    host.say("\r\n");
    assert.ok((await host.answer("Zürich")).result.content.length > 0);
    host.say(`${getStatus(1)}\n${getStatus(2)}\r\n\n \n${getStatus(3)}\n`);
    for (const id of [1, 2, 3]) assert.equal((await host.answer(id)).result.resultType, "complete");
    const before = host.heard().length;
    host.say(Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":4,"method":"'), Buffer.of(0xff, 0xfe), Buffer.from('"}\n')]));
    host.say('{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}\n');
    host.say(`${"[".repeat(5000)}\n`);
    host.say("\0\n");
    host.say(`{"jsonrpc":"2.0","id":5,"method":"tools/list","params":{"filler":"${"x".repeat(17 << 20)}"}}\n`);
    host.say(`${getStatus(6)}\n`);
    await host.answer(6);
    const codes = host.heard().slice(before).filter((message) => message.error).map((message) => message.error.code);
    assert.deepEqual(codes.sort(), [-32700, -32700, -32700, -32600, -32600].sort());
    host.say('{"jsonrpc":"2.0","id":"half","method":"tools/call","params":{"name":"get_status","arguments":{"help":"\\ud800"}}}\n');
    const half = (await host.answer("half")).error;
    assert.equal(half.code, -32700);
    assert.match(half.message, /half of a surrogate pair .* at byte \d+/);
    host.say('{"jsonrpc":"2.0","id":7,');
    assert.deepEqual(await host.end(), { code: 0, signal: null });
  });
}

test("stdio: both eras share a pipe and each request gets the answer of its own", async () => {
  const host = front();
  host.say(`${legacy("early", "tools/list")}\n${hello("2025-03-26")}\n`);
  assert.equal((await host.answer("early")).error.code, -32602);
  assert.equal((await host.answer("hello")).result.protocolVersion, "2025-03-26");
  host.say(`${modern("new", "tools/list")}\n${legacy("old", "tools/list")}\n[${legacy("one of a batch", "ping")}]\n${modern("discover", "server/discover")}\n`);
  assert.equal((await host.answer("new")).result.cacheScope, "private");
  assert.equal((await host.answer("old")).result.cacheScope, undefined);
  assert.deepEqual((await host.answer("discover")).result.supportedVersions, ["2026-07-28"]);
  await until(() => host.heard().some((message) => Array.isArray(message) && message[0].id === "one of a batch"), "the batch");
  await host.end();
});

test("stdio: a waiting call that is cancelled falls silent, before, while and after", async () => {
  const host = front();
  await home.call("schedule_task", { name: "later", when: "in 1h", message: "x" });
  const cancel = (requestId) => JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } });
  host.say(`${cancel("w")}\n${cancel(99)}\n${getStatus("w")}\n`);
  await host.answer("w");
  host.say(`${cancel("w")}\n`);
  const started = await home.call("call_tool", { tool: "carillon.echo", arguments: { message: "a" }, wait_seconds: 20 });
  assert.equal(started.status, "succeeded");
  host.say(`${modern("long", "tools/call", { name: "get_run", arguments: { run: "later#1", wait_seconds: 40 } })}\n${cancel("long")}\n${getStatus("next")}\n`);
  await host.answer("next");
  assert.ok(host.heard().filter((message) => message.id === "long").length <= 1);
  await host.end();
});

const body = getStatus(1);
const headers = (more = {}) => ({ "Content-Type": "application/json", Accept: "application/json, text/event-stream", "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "get_status", ...more });
const post = (more, address = status.mcp) => fetch(address, { method: "POST", body, headers: headers(more) });

test("HTTP: only the token of this installation opens, in the header and nowhere else", async () => {
  const token = home.token();
  assert.equal((await post({ Authorization: `Bearer ${token}` })).status, 200);
  assert.equal((await post({ Authorization: `bearer ${token}` })).status, 200);
  const none = await post({});
  assert.equal(none.status, 401);
  assert.equal(none.headers.get("WWW-Authenticate"), 'Bearer realm="carillon"');
  for (const wrong of [`Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${Buffer.from(`owner:${token}`).toString("base64")}`, "Bearer", token]) {
    const refused = await post({ Authorization: wrong });
    assert.equal(refused.status, 401, wrong);
    assert.match(refused.headers.get("WWW-Authenticate"), /error="invalid_token"/);
    assert.ok(!(await refused.text()).includes(token));
  }
  assert.equal((await post({}, `${status.mcp}?access_token=${token}`)).status, 401);
  assert.equal((await post({ Cookie: `token=${token}` })).status, 401);
  assert.equal((await fetch(`${status.http}/api/v1/tools/get_status`, { method: "POST" })).status, 401);
  assert.equal((await fetch(`${status.http}/sse`)).status, 401);
});

// A request line and headers as fetch() would not send them; the status of the answer.
function raw(lines) {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(status.http).port), "127.0.0.1", () => socket.write(`${lines.join("\r\n")}\r\n\r\n`));
    let said = "";
    socket.on("data", (data) => { said += data; if (said.includes("\r\n")) { resolve(Number(said.split(" ")[1])); socket.destroy(); } });
    socket.on("error", reject);
    socket.on("close", () => resolve(0));
  });
}

test("HTTP: a name that was bound to this machine from outside reaches nothing", async () => {
  const authorized = `Authorization: Bearer ${home.token()}`;
  assert.equal(await raw(["GET /api/v1/tools HTTP/1.1", "Host: localhost", authorized]), 200);
  for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.", "0x7f000001"])
    assert.equal(await raw(["GET /api/v1/tools HTTP/1.1", `Host: ${host}`, authorized]), 403, host);
  assert.equal(await raw(["GET /api/v1/tools HTTP/1.1", "Host: localhost", "Host: evil.example", authorized]), 400);
  assert.equal(await raw(["GET /api/v1/tools HTTP/1.1", "Host: localhost", "Origin: https://evil.example", authorized]), 403);
  assert.equal(await raw(["GET /api/v1/tools HTTP/1.1", "Host: localhost", authorized, "Authorization: Bearer other"]), 400);
  assert.equal(await raw(["OPTIONS /mcp HTTP/1.1", "Host: localhost", "Origin: https://evil.example", "Access-Control-Request-Method: POST"]), 403);
});

test("a client of the first revision is served over HTTP+SSE where that is wanted", async () => {
  const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
  const { SSEClientTransport } = await load("@modelcontextprotocol/sdk/client/sse.js");
  const init = { headers: { Authorization: `Bearer ${home.token()}` } };
  const client = new Client({ name: "old", version: "1" });
  await client.connect(new SSEClientTransport(new URL(`${status.http}/sse`), { requestInit: init }));
  assert.ok((await client.listTools()).tools.length > 10);
  const told = await client.callTool({ name: "get_status", arguments: {} });
  assert.ok(!told.isError, textOf(told));
  await client.close();
});

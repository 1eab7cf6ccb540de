// Agents under their own name: tokens from the command line, used by real clients over HTTP until they end.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clients, Home, until } from "./lib.mjs";

const home = new Home();  // of all tests: each has agents of its own
let daemon;
const overHttp = (await clients()).filter((client) => !client.overStdio);

// The installation as whoever holds this token sees it.
const as = (token) => ({ status: () => home.status(), token: () => token });
const create = async (...words) => {
  const made = await home.run(["token", "create", ...words]);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^carillon_[0-9a-f]{8}_[0-9a-f]{64}\n$/);
  const token = made.stdout.trim();
  assert.ok(!made.stderr.includes(token));
  return { token, id: token.split("_")[1] };
};
const post = async (token, path, body) =>
  fetch(new URL(path, (await home.status()).mcp), {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", Accept: "application/json, text/event-stream" },
    body: JSON.stringify(body),
  });
const ping = (token) => post(token, "/mcp", { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "e2e", version: "1" } } });

const claude = {};
before(async () => {
  Object.assign(claude, await create("--agent", "claude", "--scopes", "read,schedule"));  // no daemon runs yet
  daemon = await home.serve();
});
after(() => home.end());

test("an agent calls under its own name with its scopes alone until its token is revoked", async () => {
  const { token, id } = claude;
  for (const kind of overHttp) {
    const client = await kind.connect(as(token));
    const call = async (name, args = {}) => client.callTool({ name, arguments: args });
    const { you } = (await call("get_status")).structuredContent;
    assert.deepEqual(you, { agent: "claude", kind: "agent", scopes: ["read", "schedule"] }, kind.name);
    const task = kind.name.replace(/[^a-z0-9]+/g, "-");
    const made = await call("schedule_task", { name: task, when: "every day at 09:00", message: "x" });
    assert.ok(!made.isError, JSON.stringify(made));
    const refused = await call("run_now", { task });
    assert.equal(refused.isError, true);
    assert.match(JSON.stringify(refused), /not_allowed.*scope \\+"run\\+"/);
    const names = (await client.listTools()).tools.map((tool) => tool.name);
    assert.ok(names.includes("schedule_task") && !names.includes("run_now"), names.join());
    await client.close();
  }
  const listed = await home.run(["token", "list"]);
  assert.match(listed.stdout, new RegExp(`^${id}  claude +read,schedule +made .*, counts$`, "m"));

  const client = await overHttp[0].connect(as(token));
  const ended = await home.run(["token", "revoke", id]);
  assert.equal(ended.code, 0, ended.stderr);
  for (const said of [`${id} of claude revoked`, ...overHttp.map((kind) => kind.name.replace(/[^a-z0-9]+/g, "-"))]) assert.ok(ended.stdout.includes(said), ended.stdout);
  await until(async () => (await ping(token)).status === 401, "the revoked token to be refused");
  const answer = await ping(token);
  assert.equal(answer.headers.get("www-authenticate"), 'Bearer realm="carillon", error="invalid_token"');
  assert.match((await answer.json()).message, new RegExp(`the token ${id} was revoked`));
  await assert.rejects(client.callTool({ name: "get_status", arguments: {} }), /was revoked/);
  await assert.rejects(overHttp[0].connect(as(token)), /was revoked/);
  assert.equal((await post(token, "/api/v1/tools/get_status", {})).status, 401);
  await client.close().catch(() => {});

  const { tasks } = await home.call("list_tasks");
  assert.deepEqual([...new Set(tasks.map((task) => task.state))], ["paused"]);
  assert.ok(!daemon.errors.includes(token), "the log shows the token");
  assert.match((await home.run(["token", "revoke", id])).stdout, /nothing to do/);
});

test("a token ends by itself and all of an agent's end together", async () => {
  const short = await create("--agent", "scout", "--scopes", "read", "--expires", "1s");
  await until(async () => (await ping(short.token)).status === 401, "the token to expire");
  assert.match((await (await ping(short.token)).json()).message, /has expired/);
  const [one, two] = [await create("--agent", "scout", "--scopes", "read"), await create("--agent", "scout", "--scopes", "read")];
  assert.equal((await ping(one.token)).status, 200);
  assert.equal((await ping(two.token)).status, 200);
  assert.equal((await home.run(["token", "revoke", "--agent", "scout"])).code, 0);
  for (const { token } of [one, two]) await until(async () => (await ping(token)).status === 401, "both to be refused");
  assert.equal((await ping(home.token())).status, 200);
});

test("a person and a model that speak in the owner's name are told apart", async () => {
  const over = async (kind) => {
    const client = await kind.connect(home);
    const { you } = (await client.callTool({ name: "get_status", arguments: {} })).structuredContent;
    await client.close();
    return `${you.agent} ${you.kind}`;
  };
  for (const kind of await clients()) assert.equal(await over(kind), "owner agent", kind.name);
  assert.equal((await home.call("get_status")).you.kind, "person");
  const mirrored = await (await post(home.token(), "/api/v1/tools/get_status", {})).json();
  assert.equal(mirrored.you.kind, "person");
});

test("what cannot become a token says what to change and makes nothing", async () => {
  for (const [words, code, said] of [
    [["create", "--agent", "nobody"], 2, /--scopes LIST/],
    [["create", "--scopes", "read"], 2, /--agent NAME/],
    [["list", "claude"], 2, /write: /],
    [["revoke"], 2, /write: /],
    [["create", "--agent", "nobody", "--scopes", "reed"], 1, /no scope "reed".*did you mean.*read/i],
    [["create", "--agent", "nobody", "--scopes", ","], 1, /name at least one/],
    [["create", "--agent", "a b", "--scopes", "read"], 1, /letters, digits/],
    [["create", "--agent", "owner", "--scopes", "read"], 1, /is a person/],
    [["create", "--agent", "nobody", "--scopes", "read", "--expires", "soon"], 1, /soon/],
    [["revoke", "00000000"], 1, /no token "00000000"/],
    [["revoke", "--agent", "nobody"], 1, /no agent "nobody" has a token/],
  ]) {
    const answer = await home.run(["token", ...words]);
    assert.equal(answer.code, code, `${words.join(" ")}: ${answer.stderr}`);
    assert.match(answer.stderr, said);
    assert.equal(answer.stdout, "");
  }
  assert.doesNotMatch((await home.run(["token", "list"])).stdout, / nobody /);
});

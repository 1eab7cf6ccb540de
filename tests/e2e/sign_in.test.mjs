// Signing in to downstream servers: a person once, the daemon from then on; against the official SDK's own issuer.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Home, until } from "./lib.mjs";
import { login, startSigned } from "./signed.mjs";

let far, home, daemon;

before(async () => {
  far = await startSigned();
  home = new Home({
    person: { url: far.mcp },
    machine: { url: far.mcp, carillon: { auth: { grant: "client_credentials", client_id: "machine", client_secret: "secret:machine" } } },
  });
  await home.run(["secret", "set", "machine"], { input: "machine-secret-123" });
  daemon = await home.serve();
});
after(async () => {
  await home?.end();
  far?.child.kill();
});

// What a call ends with: {code, text}.
async function call(tool) {
  const answer = await home.run(["call", "call_tool", "--args", JSON.stringify({ tool, arguments: {}, wait_seconds: 30 })]);
  return { code: answer.code, text: answer.stdout + answer.stderr };
}
const many = (tool) => Promise.all(Array.from({ length: 10 }, () => call(tool)));

const notices = () => daemon.errors.split("\n").filter((line) => line.includes("a downstream server wants a sign-in") && line.includes("person")).length;
const serverRow = async (name) => (await home.call("search_tools", { server: name })).servers[0];

test("until a person has signed in calls say with which command and the server is not asked again and again", async () => {
  const first = await call("person.read");
  assert.equal(first.code, 1);
  assert.match(first.text, /needs_sign_in/);
  assert.match(first.text, /carillon login person/);
  const before = await far.asked();
  for (const answer of await many("person.read")) assert.match(answer.text, /carillon login person/);
  assert.equal((await far.asked()).mcp, before.mcp);
  assert.equal((await far.asked()).metadata, before.metadata);
  assert.equal(notices(), 1);
  const row = await serverRow("person");
  assert.equal(row.state, "needs_sign_in");
  assert.match(row.sign_in, /carillon login person/);
  assert.match((await home.run(["doctor"])).stdout, /sign-in person .*carillon login person/);
});

test("a person signs in once and the running daemon goes on with that at once", async () => {
  const done = await login(home, "person");
  assert.equal(done.code, 0, done.text);
  assert.match(done.text, /2 tools; signed in with/);
  const answer = await call("person.read");
  assert.match(answer.text, /read as person/, answer.text);
  assert.match((await serverRow("person")).sign_in, /renews itself/);
});

test("ten calls that find the token expired renew it once", async () => {
  const before = await far.asked();
  await far.behave({ expireTokens: true });
  for (const answer of await many("person.read")) assert.match(answer.text, /read as person/, answer.text);
  const after = await far.asked();
  assert.equal(after.refresh_token - before.refresh_token, 1);
  assert.equal(after.refused, 0);
});

test("more scope than was agreed to is asked of a person and others go on meanwhile", async () => {
  const refused = await call("person.write");
  assert.match(refused.text, /failed/);
  assert.match(refused.text, /needs_sign_in/);
  assert.match(refused.text, /the scope "write".*carillon login person/s);
  assert.match((await call("person.read")).text, /read as person/);
  const again = await login(home, "person");
  assert.equal(again.code, 0, again.text);
  assert.deepEqual((await far.asked()).scopes.toSorted(), ["read", "write"]);
  assert.match((await call("person.write")).text, /write as person/);
});

test("an issuer that is away for a moment is no reason to send anybody to a browser", async () => {
  await far.behave({ expireTokens: true, down: true });
  const away = await call("person.read");
  assert.ok(!away.text.includes("needs_sign_in"), away.text);
  await far.behave({ down: false });
  await until(async () => (await call("person.read")).text.includes("read as person"), "the issuer to be asked again");
});

test("a sign-in that was taken back ends in one notice and no storm", async () => {
  const noticed = notices();
  const before = await far.asked();
  await far.behave({ revoke: true });
  for (const answer of await many("person.read")) assert.match(answer.text, /needs_sign_in/, answer.text);
  const then = await far.asked();
  assert.equal(then.refresh_token - before.refresh_token, 1);
  for (const answer of await many("person.read")) assert.match(answer.text, /carillon login person/);
  const after = await far.asked();
  assert.equal(after.mcp, then.mcp);
  assert.equal(after.refresh_token, then.refresh_token);
  assert.equal(notices(), noticed + 1);
  assert.equal((await login(home, "person")).code, 0);
  assert.match((await call("person.read")).text, /read as person/);
});

test("a daemon that is killed leaves the sign-in to the next one", async () => {
  daemon.kill("SIGKILL");
  await daemon.gone;
  daemon = await home.serve();
  const before = await far.asked();
  await far.behave({ expireTokens: true });
  assert.match((await call("person.read")).text, /read as person/);
  const after = await far.asked();
  assert.equal(after.authorize, before.authorize);
  assert.equal(after.refresh_token - before.refresh_token, 1);
});

test("a machine signs in by itself with more scope where that is wanted and again where it was taken back", async () => {
  assert.match((await call("machine.read")).text, /read as machine/);
  assert.match((await call("machine.write")).text, /write as machine/);
  await far.behave({ revoke: true });
  assert.match((await call("machine.write")).text, /write as machine/);
});

test("signing out gives the sign-in back", async () => {
  await login(home, "person");
  const out = await home.run(["logout", "person"]);
  assert.equal(out.code, 0, out.stderr);
  assert.equal((await far.asked()).revoked, 1);
  assert.match((await call("person.read")).text, /carillon login person/);
  assert.equal((await home.run(["logout", "person"])).code, 1);
});

test("no token is to be found in the home or the log", async () => {
  const { tokens } = await far.asked();
  assert.ok(tokens.length > 6);
  const files = readdirSync(home.environment.CARILLON_HOME, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("postgres")).map((entry) => path.join(entry.parentPath, entry.name));
  assert.ok(files.some((file) => file.includes("vault")));
  for (const text of [daemon.errors, ...files.map((file) => readFileSync(file, "latin1"))])
    for (const token of [...tokens, "machine-secret-123"]) assert.ok(!text.includes(token));
});

test("login says what is wrong where there is nothing to sign in to", async () => {
  assert.match((await home.run(["login", "persn"])).stderr, /did you mean "person"/);
  assert.equal((await home.run(["login"])).code, 2);
  const servers = path.join(home.environment.CARILLON_HOME, "servers.json");
  assert.ok(existsSync(servers));
  writeFileSync(servers, JSON.stringify({ mcpServers: { program: { command: "true" }, fixed: { url: far.mcp, headers: { Authorization: "Bearer x" } } } }));
  assert.match((await home.run(["login", "program"])).stderr, /no sign-in/);
  assert.match((await home.run(["login", "fixed"])).stderr, /fixed Authorization/);
});

// The command line as a person uses it.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { Home, standIn } from "./lib.mjs";

test("status, config, doctor, migrate, stop and their exit codes", async () => {
  const home = new Home({}, {}, { bare: true });
  try {
    const before = await home.run(["status", "--json"]);
    assert.equal(before.code, 3);
    assert.deepEqual(Object.keys(JSON.parse(before.stdout)).filter((key) => key !== "why").sort(), ["database", "http", "mcp", "pid", "socket", "state", "version"]);
    const started = await home.run(["serve", "--detach"]);
    assert.equal(started.code, 0, started.stderr);
    const ready = await home.run(["status", "--json"]);
    assert.equal(ready.code, 0);
    const status = JSON.parse(ready.stdout);
    assert.equal(status.state, "ready");
    assert.match(status.mcp, /^http:\/\/127\.0\.0\.1:\d+\/mcp$/);
    assert.equal(statSync(`${home.environment.CARILLON_HOME}/token`).mode & 0o777, 0o600);
    assert.equal(statSync(status.socket).mode & 0o077, 0);
    const hosts = await home.run(["config", "hosts"]);
    for (const said of ["Claude Desktop", "Claude Code", "Cursor", "VS Code", "servers.json"]) assert.match(hosts.stdout, new RegExp(said));
    assert.ok(!hosts.stdout.includes(home.token()));
    assert.match((await home.run(["migrate", "status"])).stdout, /0001 .*applied/);
    const doctor = await home.run(["doctor"]);
    assert.equal(doctor.code, 0, doctor.stdout);
    assert.match((await home.run(["--version"])).stdout, /^carillon \d+\.\d+\.\d+\n$/);
    const text = await home.run(["call", "preview", "when=weekdays at 09:00", "timezone=Europe/Berlin"]);
    assert.equal(text.code, 0, text.stderr);
    assert.match(text.stdout, /09:00/);
    assert.equal((await home.run(["call", "no_such_tool"])).code, 1);
    assert.equal((await home.run(["stop"])).code, 0);
    assert.equal((await home.run(["status"])).code, 3);
  } finally { await home.end(); }
});

test("every mistake of the configuration is listed at once and nothing is opened", async () => {
  const home = new Home({}, { CARILLON_LOG_LEVEL: "loud", CARILLON_HTTP_LISTN: "x" });
  try {
    const answer = await home.run(["serve", "--set", "database.app_connections=none"]);
    assert.equal(answer.code, 2);
    for (const wrong of ["CARILLON_LOG_LEVEL", "CARILLON_HTTP_LISTN", "database.app_connections"]) assert.match(answer.stderr, new RegExp(wrong));
  } finally { await home.end(); }
});

test("a secret comes in by stdin and goes out only to its server", async () => {
  const secret = "ghp_0123456789abcdef";
  const home = new Home({ s: { ...standIn(), env: { API_KEY: "secret:github" } } });
  try {
    assert.equal((await home.run(["secret", "set", "github", secret])).code, 2);
    assert.equal((await home.run(["secret", "set", "../key"], { input: secret })).code, 2);
    assert.equal((await home.run(["secret", "set", "github"])).code, 1);
    const kept = await home.run(["secret", "set", "github"], { input: `${secret}\n` });
    assert.equal(kept.code, 0, kept.stderr);
    assert.equal((await home.run(["secret", "list"])).stdout, "github\n");
    const vault = `${home.environment.CARILLON_HOME}/vault`;
    assert.equal(statSync(`${vault}/key`).mode & 0o777, 0o600);
    assert.ok(!readFileSync(`${vault}/secrets/github`).includes(secret));
    await home.serve();
    const answer = await home.run(["call", "call_tool", "--args", JSON.stringify({ tool: "s.environment", arguments: { name: "API_KEY" }, wait_seconds: 20 })]);
    assert.match(answer.stdout, /\[masked\]/);
    assert.ok(!home.children[0].errors.includes(secret));
    assert.equal((await home.run(["secret", "delete", "github"])).code, 0);
    assert.equal((await home.run(["secret", "delete", "github"])).code, 1);
    const without = await home.run(["call", "call_tool", "--args", JSON.stringify({ tool: "s.environment", arguments: { name: "API_KEY" }, wait_seconds: 20 })]);
    assert.match(without.stderr, /carillon secret set github/);
  } finally { await home.end(); }
});

test("secrets of servers.json are masked in listings and the settings are printed without them", async () => {
  const secret = "sk-very-secret-value-123";
  const home = new Home({ locked: { command: "/nonexistent", args: [], env: { API_KEY: secret } } }, { DATABASE_URL: "" });
  try {
    await home.serve();
    const listing = await home.run(["call", "search_tools", "--json"]);
    assert.ok(!listing.stdout.includes(secret));
    assert.ok(!home.children[0].errors.includes(secret));
  } finally { await home.end(); }
});

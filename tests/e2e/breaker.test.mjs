// Circuit breakers with a real server that fails and recovers: what callers, runs, other daemons and people who look meet.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Home, program, standIn, until } from "./lib.mjs";

// A server that can be started as long as the file `up` is there.
class Sick {
  constructor(environment) {
    this.home = new Home({}, environment);
    this.up = `${this.home.directory}/up`;
    this.journal = `${this.home.directory}/journal`;
    const { command, args } = standIn("--journal", this.journal);
    this.entry = { command: "sh", args: ["-c", `test -e ${this.up} && exec "$0" "$@"`, command, ...args] };
    this.mend();
    this.recover();
  }
  mend(carillon = {}) { writeFileSync(`${this.home.environment.CARILLON_HOME}/servers.json`, JSON.stringify({ mcpServers: { sick: { ...this.entry, carillon } } })); }
  recover() { writeFileSync(this.up, ""); }
  async serve() {
    this.daemon = await this.home.serve();
    this.http = (await this.home.status()).http;
  }
  // Of a tool that writes: such a call is made once.
  async call(tool = "record", args = { message: "hello" }) {
    const answer = await fetch(`${this.http}/api/v1/tools/call_tool`, { method: "POST", body: JSON.stringify({ tool: `sick.${tool}`, arguments: args }),
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.home.token()}` } });
    return answer.text();
  }
  // Its process ends and cannot be started again; ten calls find that out, at once and in one start.
  async fall() {
    rmSync(this.up);
    await this.call("die", {});
    await Promise.all(Array.from({ length: 10 }, () => this.call()));
  }
  reached() { return existsSync(this.journal) ? readFileSync(this.journal, "utf8").split("\n").filter((line) => line.includes('"event":"call"') && line.includes('"record"')).length : 0; }
  ask(sql) {
    this.url ??= execFileSync(program, ["migrate", "url"], { env: this.home.environment, encoding: "utf8" }).trim();
    return execFileSync("psql", ["-X", "-q", "-A", "-t", this.url, "-c", sql], { encoding: "utf8" }).trim();
  }
}

const metric = async (http, series) => Number((await (await fetch(`${http}/metrics`)).text()).split("\n").find((line) => line.startsWith(`${series} `))?.split(" ").at(-1) ?? -1);
const state = (http) => metric(http, 'circuit_breaker_current_state{name="sick"}');

describe("circuit breakers", { concurrency: true }, () => {
  test("a server that fell is called no more by any daemon and its runs wait until its entry is mended", async () => {
    const sick = new Sick({ CARILLON_CATALOG_BREAKER_OPEN: "1h" });
    const { home } = sick;
    try {
      await sick.serve();
      assert.match(await sick.call(), /Echo: hello/);
      await home.call("schedule_task", { name: "later", when: "manual", tool: "sick.echo", arguments: { message: "later" } });
      await sick.fall();
      assert.match(await sick.call(), /server \\"sick\\" is not called for now: \d+ of the last \d+ calls failed; the server is tried again in (1h|5\d ?m)/);
      assert.equal(await state(sick.http), 2);
      assert.equal(await metric(sick.http, 'circuit_breaker_state_changes_total{from="closed",to="open"}'), 1);
      assert.ok(await metric(sick.http, 'circuit_breaker_requests_total{state="open",status="rejected"}') >= 1);
      assert.match(sick.daemon.errors, /"a circuit breaker changed".*"event":"trip"/);

      // The run of a tool that only reads is repeated, but not before the server is.
      await home.call("run_now", { task: "later" });
      await until(() => sick.ask("SELECT count(*) FROM carillon.run_ready WHERE run_at > now() + interval '50 min'") === "1", "the run to wait");
      assert.equal((await home.call("get_run", { run: "later#1" })).status, "queued");

      // Another process hears of it, and calls it no more either.
      const worker = home.start(["worker"]);
      const ready = await until(() => worker.errors.split("\n").find((line) => line.includes('"ready"') && line.includes('"http"')), "the worker");
      const other = JSON.parse(ready).ctx.http;
      await until(async () => await state(other) === 2, "the worker to follow");
      assert.equal(await metric(other, 'circuit_breaker_state_changes_total{from="closed",to="open"}'), -1, "it is no change of its own");

      const health = await (await fetch(`${sick.http}/health`, { headers: { Authorization: `Bearer ${home.token()}` } })).json();
      assert.equal(health.servers.find(({ name }) => name === "sick").breaker, "open");
      assert.match(JSON.stringify(await home.call("search_tools", { query: "echo", server: "sick" })), /of the last \d+ calls failed; the server is tried again/);
      sick.ask("INSERT INTO carillon.server_breaker SELECT 'gone', revision, state, since, tried_at, requests, failures, changed_by FROM carillon.server_breaker");
      const { stdout: doctor } = await home.run(["doctor"]);
      assert.doesNotMatch(doctor, /breaker gone/, "no server of this home");
      assert.match(doctor, /breaker sick +open: \d+ of the last \d+ calls failed; the server is tried again in (1h|5\d ?m)/);
      const changes = "SELECT string_agg(convert_from(data, 'UTF8')::json->>'event', ' ' ORDER BY sequence) FROM carillon.outbox WHERE event_type = 'server.breaker_changed'";
      assert.equal(sick.ask(changes), "trip");
      assert.equal(sick.ask("SELECT string_agg(subject, ' ') FROM carillon.audit WHERE action = 'change_breaker'"), "server:sick");

      sick.recover();
      const before = sick.reached();
      assert.match(await sick.call(), /is not called for now/);
      assert.equal(sick.reached(), before);
      sick.mend({ timeout: "20s" });
      assert.match(await sick.call(), /Echo: hello/);
      await until(async () => await state(other) === 0, "the worker to follow again");
      await until(() => sick.ask(changes) === "trip mend", "the change to be told");
    } finally { await home.end(); }
  });

  test("a server that recovers is tried and then called as before", async () => {
    const sick = new Sick({ CARILLON_CATALOG_BREAKER_OPEN: "300ms" });
    try {
      await sick.serve();
      assert.match(await sick.call(), /Echo: hello/);
      await sick.fall();
      assert.ok(await metric(sick.http, 'circuit_breaker_state_changes_total{from="closed",to="open"}') >= 1);
      sick.recover();
      await until(async () => /Echo: hello/.test(await sick.call()), "the first call that goes well");
      await until(async () => { await sick.call(); return await state(sick.http) === 0; }, "the breaker to close");
      assert.ok(await metric(sick.http, 'circuit_breaker_state_changes_total{from="half_open",to="closed"}') >= 1);
      for (let i = 0; i < 10; ++i) assert.match(await sick.call(), /Echo: hello/);
    } finally { await sick.home.end(); }
  });
});

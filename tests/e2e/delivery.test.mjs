// The ends of runs are told beyond the host: by webhooks that a receiver can verify, tried again until they are taken,
// also by the daemon that comes after one that was killed; by mail through a real SMTP server; on the desktop of a real
// notification daemon on a private bus; by calls of a downstream tool.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { Home, root, standIn, until } from "./lib.mjs";

let home;
let daemon;
let hook;
let mail;
let desktop;
let directory;

// A process whose lines of output are kept.
function background(command, args, environment = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...environment }, stdio: ["pipe", "pipe", "ignore"] });
  child.lines = [];
  createInterface({ input: child.stdout }).on("line", (line) => child.lines.push(line));
  child.first = () => until(() => child.lines[0], `the first line of ${command}`);
  return child;
}

// A mail server; it takes what comes after its refusals.
class MailServer {
  static async start(...refusals) {
    const server = new MailServer();
    // Debian's own Python, for whose version Debian's packages are.
    server.child = background("/usr/bin/python3", [path.join(root, "tests/delivery/mail_server.py"), ...refusals.flatMap((each) => ["--refuse", each])]);
    server.url = `smtp://127.0.0.1:${await server.child.first()}`;
    return server;
  }
  mails() { return this.child.lines.slice(1).map((line) => JSON.parse(line)); }
  end() { this.child.kill(); }
}

// A desktop without a screen: an X server in memory, a session bus, and dunst.
class DesktopSession {
  static async start() {
    const session = new DesktopSession();
    session.screen = background("Xvfb", ["-displayfd", "1", "-screen", "0", "640x480x8", "-nolisten", "tcp"]);
    session.bus = background("dbus-daemon", ["--session", "--print-address", "--nofork"]);
    session.environment = { DISPLAY: `:${await session.screen.first()}`, DBUS_SESSION_BUS_ADDRESS: await session.bus.first() };
    session.dunst = background("dunst", [], session.environment);
    await until(() => session.control("count") !== undefined, "the notification daemon");
    return session;
  }
  control(...words) {
    try {
      return execFileSync("dunstctl", words, { env: { ...process.env, ...this.environment }, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    } catch { return undefined; }
  }
  // What was shown so far: {summary, body}.
  shown() {
    this.control("close-all");
    return JSON.parse(this.control("history")).data[0].map((each) => ({ summary: each.summary.data, body: each.body.data }));
  }
  end() { for (const child of [this.dunst, this.bus, this.screen]) child.kill(); }
}

// A receiver of webhooks; it takes what comes unless `refusals` are left.
class Receiver {
  static async start() {
    const receiver = new Receiver();
    receiver.heard = [];
    receiver.refusals = 0;
    receiver.server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      receiver.heard.push({ headers: request.headers, body, url: request.url });
      response.statusCode = receiver.refusals-- > 0 ? 500 : 204;
      response.end();
    });
    receiver.server.listen(0, "127.0.0.1");
    await once(receiver.server, "listening");
    receiver.host = `127.0.0.1:${receiver.server.address().port}`;
    return receiver;
  }
  url(path = "/hook") { return `http://${this.host}${path}`; }
  of(run) { return this.heard.filter((each) => JSON.parse(each.body).data.run === run); }
}

before(async () => {
  directory = mkdtempSync(path.join(tmpdir(), "carillon-delivery-"));
  [hook, mail, desktop] = await Promise.all([Receiver.start(), MailServer.start("451 4.7.1 come back later"), DesktopSession.start()]);
  home = new Home({ stand: standIn("--journal", path.join(directory, "journal")) }, {
    DBUS_SESSION_BUS_ADDRESS: desktop.environment.DBUS_SESSION_BUS_ADDRESS,
    CARILLON_DELIVERY_SMTP_SERVER: mail.url, CARILLON_DELIVERY_SMTP_TLS: "none", CARILLON_DELIVERY_MAIL_FROM: "carillon@example.com",
    CARILLON_DELIVERY_WEBHOOK_HOSTS: hook.host, CARILLON_DELIVERY_RETRY_BASE: "200ms", CARILLON_DELIVERY_TIMEOUT: "1s" });
  daemon = await home.serve();
});
after(async () => {
  await home.end();
  hook.server.closeAllConnections();
  hook.server.close();
  mail.end();
  desktop.end();
  rmSync(directory, { recursive: true, force: true });
});

const schedule = (name, notify, more = {}) =>
  home.call("schedule_task", { name, when: "manual", message: `Remember ${name}`, notify: [notify], ...more });
const run = (name) => home.call("run_now", { task: name, wait_seconds: 20 });
const delivered = (handle, state = "sent") =>
  until(async () => (await home.call("get_run", { run: handle })).deliveries?.find((each) => each.state === state), `${handle} to be ${state}`);

test("a receiver can verify a webhook, and hears of each end under one name until it takes it", async () => {
  hook.refusals = 2;
  await schedule("plants", `webhook:${hook.url()}`);
  await run("plants");
  await delivered("plants#1");
  const told = hook.of("plants#1");
  assert.equal(told.length, 3);
  assert.equal(new Set(told.map((each) => each.headers["webhook-id"])).size, 1);
  const secret = (await home.run(["secret", "webhook", hook.url()])).stdout.trim();
  assert.match(secret, /^whsec_/);
  for (const { headers, body } of told) {
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    assert.equal(headers["webhook-signature"], `v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
    assert.ok(Math.abs(Date.now() / 1000 - Number(headers["webhook-timestamp"])) < 60);
  }
  assert.equal(JSON.parse(told[2].body).data.message, "Remember plants");
});

test("what cannot be delivered says why", async () => {
  await schedule("abroad", "webhook:http://127.0.0.1:9/hook");
  await run("abroad");
  assert.match((await delivered("abroad#1", "failed")).error, /delivery\.webhook_hosts/);
  const { deliveries } = await home.call("get_run", { run: "plants#1" });
  assert.equal(deliveries[0].error, undefined);
});

test("a target that cannot be read is refused with the way to write it", async () => {
  await assert.rejects(schedule("odd", "webhook:example.com/hook"), /webhook:https:\/\/host\/path/);
  await assert.rejects(schedule("odd", "webhook:https://me:secret@example.com/"), /user and password/);
});

test("a reminder appears on the desktop, and again after a snooze (E1)", async () => {
  await home.call("schedule_task", { name: "check-build", when: "in 1s", message: "Check the build <now> & then", notify: ["desktop"] });
  await until(() => desktop.shown().length > 0, "the notification");
  assert.deepEqual(desktop.shown(), [{ summary: "check-build#1: Check the build <now> & then", body: "Check the build &lt;now&gt; &amp; then\n\ncheck-build#1" }]);
  assert.equal((await home.call("get_run", { run: "check-build#1" })).status, "succeeded");
  assert.equal((await home.call("get_task", { task: "check-build" })).state, "done");
  await home.call("snooze", { run: "check-build#1", for: "1s" });
  await until(() => desktop.shown().length === 2, "the second notification");
});

test("a failure is mailed, once the mail server takes it", async () => {
  await home.call("schedule_task", { name: "nightly", when: "manual", tool: "stand.fail", arguments: { message: "no space left" }, notify: ["email:anna@example.org"] });
  await assert.rejects(run("nightly"));  // the call tells the failure, too
  await delivered("nightly#1");
  const mails = mail.mails();
  assert.equal(mails.length, 1);
  assert.deepEqual([mails[0].from, mails[0].to], ["carillon@example.com", ["anna@example.org"]]);
  assert.match(mails[0].text, /\r\nSubject: nightly#1 failed \(tool_error\)/);
  assert.doesNotMatch(mails[0].text, /no space left/);
});

test("a downstream tool is told, with the arguments that its target names", async () => {
  await schedule("water", "stand.record");
  await run("water");
  await delivered("water#1");
  const journal = path.join(directory, "journal");
  const told = existsSync(journal) ? readFileSync(journal, "utf8").trim().split("\n").map((line) => JSON.parse(line)).filter((each) => each.event === "call" && each.tool === "record") : [];
  assert.deepEqual(told.map((each) => each.arguments), [{ message: "Remember water\n\nwater#1" }]);
  await assert.rejects(schedule("odd", "stand.add"), /no text argument/);
  await assert.rejects(schedule("odd", "stand.recrod"), /record/);
});

test("get_status and doctor tell what was not delivered, and why", async () => {
  const { undelivered } = await home.call("get_status");
  assert.deepEqual(undelivered.latest.map((each) => [each.run, each.state]), [["abroad#1", "failed"]]);
  assert.match((await home.run(["doctor"])).stdout, /delivery webhook +1 not delivered; the latest: .*delivery\.webhook_hosts/);
});

test("what was planned before a daemon was killed is delivered by the next one", async () => {
  hook.refusals = 1_000_000;
  await schedule("later", `webhook:${hook.url("/later")}`);
  await run("later");
  await until(() => hook.of("later#1").length > 0, "the first attempt");
  daemon.kill("SIGKILL");
  await daemon.gone;
  hook.refusals = 0;
  daemon = await home.serve();
  await delivered("later#1");
  assert.equal(new Set(hook.of("later#1").map((each) => each.headers["webhook-id"])).size, 1);
});

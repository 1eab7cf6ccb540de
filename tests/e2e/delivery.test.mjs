// The ends of runs are told beyond the host: by webhooks that a receiver can verify, tried again until they are taken,
// also by the daemon that comes after one that was killed.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Home, until } from "./lib.mjs";

let home;
let daemon;
let hook;

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
  hook = await Receiver.start();
  home = new Home({}, { CARILLON_DELIVERY_WEBHOOK_HOSTS: hook.host, CARILLON_DELIVERY_RETRY_BASE: "200ms", CARILLON_DELIVERY_TIMEOUT: "1s" });
  daemon = await home.serve();
});
after(async () => {
  await home.end();
  hook.server.closeAllConnections();
  hook.server.close();
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

// Links that decide an approval, through the real program: what a browser is shown, what its form sends, what scanners and
// other sites change (nothing), and what the command line offers to a person.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { test } from "node:test";
import { answered, clients, Home, refused, root, standIn, textOf, until, withClient } from "./lib.mjs";

const steps = (more = {}) => [
  { id: "ask", approval: { message: "Deploy ${input.tag}?", arguments: { tag: "${input.tag}" }, ...more } },
  { id: "tell", uses: "pay.echo", with: { message: "${steps.ask.status} by ${steps.ask.by[0]}: ${steps.ask.comment}" } },
];
const begin = async (home, more) => {
  await home.call("schedule_task", { name: "deploy", when: "manual", steps: steps(more), on_conflict: "update" });
  const { run } = await home.call("run_now", { task: "deploy", input: { tag: "<v9>" } });
  await until(async () => (await home.call("get_run", { run })).status === "waiting", `${run} to wait`);
  return run;
};
const ended = (home, run) => until(async () => {
  const detail = await home.call("get_run", { run, include: ["output"] });
  return !["queued", "running", "waiting"].includes(detail.status) && detail;
}, `${run} to end`);
const link = async (home) => (await home.run(["approvals", "--links"])).stdout.match(/http:\S+/)[0];
// What a browser sends when a button of the form is pressed.
const press = async (url, decision, { comment = "", headers = {} } = {}) => {
  const page = await (await fetch(url)).text();
  const digest = page.match(/name="digest" value="([0-9a-f]{64})"/)?.[1] ?? "";
  return await fetch(url, { method: "POST", redirect: "error", headers: { Origin: new URL(url).origin, ...headers }, body: new URLSearchParams({ digest, decision, comment }) });
};

test("a link shows what is asked, is not changed by looking, decides once and says afterwards who did", async () => {
  const home = new Home({ pay: standIn() });
  try {
    await home.serve();
    const run = await begin(home);
    const url = await link(home);
    for (const method of ["GET", "HEAD", "GET"]) {
      const page = await fetch(url, { method });
      assert.equal(page.status, 200);
      assert.match(page.headers.get("content-type"), /^text\/html/);
      assert.match(page.headers.get("content-security-policy"), /default-src 'none'/);
      assert.equal(page.headers.get("referrer-policy"), "same-origin");
      const text = await page.text();
      if (method === "GET") assert.match(text, /Deploy &lt;v9&gt;\?/);
      assert.doesNotMatch(text, /<script|src=|href=/);
    }
    assert.equal((await home.call("get_run", { run })).status, "waiting");
    assert.equal((await press(url, "approve", { headers: { Origin: "https://evil.example" } })).status, 403);
    assert.equal((await fetch(url.slice(0, -1) + "?")).status, 404);
    assert.equal((await home.call("get_run", { run })).status, "waiting");
    const decided = await press(url, "approve", { comment: "grün & gut" });
    assert.equal(decided.status, 200);
    const detail = await ended(home, run);
    assert.equal(detail.status, "succeeded");
    assert.match(JSON.stringify(detail.output), /approved by owner: grün & gut/);
    const again = await press(url, "reject");
    assert.equal(again.status, 409);
    assert.match(await again.text(), /Already decided: approved by owner at/);
    assert.match(await (await fetch(url)).text(), /Already decided: approved by owner at/);
  } finally { await home.end(); }
});

test("a person decides at the command line, and sees what waits", async () => {
  const home = new Home({ pay: standIn() });
  try {
    await home.serve();
    assert.match((await home.run(["approvals"])).stderr, /nothing waits/);
    const run = await begin(home, { within: "2h" });
    const listed = (await home.run(["approvals"])).stdout;
    assert.match(listed, new RegExp(`^${run}  step ask  by person  until .*\\n  Deploy <v9>\\?\\n  {"tag":"<v9>"}\\n  digest [0-9a-f]{64}\\n$`));
    assert.equal((await home.run(["approve"])).code, 2);
    assert.match((await home.run(["approve", run, "--step", "other"])).stderr, /no such step/);
    const approved = await home.run(["approve", run, "--comment", "go"]);
    assert.match(approved.stdout, /^deploy#1 step ask: approved by owner\n$/);
    assert.match(JSON.stringify((await ended(home, run)).output), /approved by owner: go/);
    assert.equal((await home.run(["reject", run])).code, 1);
    const second = await begin(home);
    assert.match((await home.run(["reject", second, "--step", "ask", "--comment", "no"])).stdout, /rejected by owner/);
    assert.match(JSON.stringify(await ended(home, second)), /rejected by owner: no/);
  } finally { await home.end(); }
});

test("the example of docs/approvals.md waits, and is told to whom it names", async () => {
  const home = new Home({ pay: standIn() });
  try {
    await home.serve();
    const [, example] = readFileSync(path.join(root, "docs/approvals.md"), "utf8").match(/```json\n(.*?)```/s);
    await home.call("schedule_task", JSON.parse(example));
    const { run } = await home.call("run_now", { task: "deploy" });
    const detail = await until(async () => { const seen = await home.call("get_run", { run }); return seen.deliveries?.length === 3 && seen; }, "the deliveries");
    assert.deepEqual(detail.deliveries.map(({ target, about, state }) => `${target} ${about} ${state}`),
      ["desktop approval pending", "email:anna@example.com approval pending", "email:boss@example.com approval pending"]);
    assert.equal((await home.run(["approve", run])).code, 0);
    const done = await ended(home, run);
    assert.equal(done.status, "succeeded");
    assert.equal(done.deliveries, undefined);
  } finally { await home.end(); }
});

test("what a person approves for a while is not asked again, until it is taken back", async () => {
  const home = new Home({ pay: standIn() });
  try {
    await home.serve();
    const run = await begin(home);
    assert.match((await home.run(["approve", run, "--always", "forever"])).stderr, /duration|such as/);
    assert.equal((await home.run(["approve", run, "--always", "30d"])).code, 0);
    await ended(home, run);
    const again = async (tag = "<v9>") => (await home.call("run_now", { task: "deploy", input: { tag } })).run;
    assert.match(JSON.stringify((await ended(home, await again())).output), /approved by owner: standing grant 1/);
    const other = await again("v10");
    await until(async () => (await home.call("get_run", { run: other })).status === "waiting", "another tag to be asked");
    assert.match((await home.run(["approvals", "--standing"])).stdout, /^1  deploy  by owner until .*\n  Deploy <v9>\?\n/);
    assert.match((await home.run(["approvals", "--revoke", "1"])).stdout, /revoked/);
    assert.equal((await home.run(["approvals", "--revoke", "1"])).code, 1);
    await home.call("cancel_run", { run: other });
    const asked = await again();
    await until(async () => (await home.call("get_run", { run: asked })).status === "waiting", "the run to ask again");
  } finally { await home.end(); }
});

test("links lead to the address that the configuration names, and a link lasts as long as its approval", async () => {
  const home = new Home({ pay: standIn() }, { CARILLON_HTTP_URL: "https://carillon.example.com/" });
  try {
    await home.serve();
    const run = await begin(home, { within: "3s" });
    const path = (await home.run(["approvals", "--links"])).stdout.match(/https:\/\/carillon.example.com(\/approve\/\S+)/)[1];
    assert.equal((await ended(home, run)).status, "failed");
    const page = await (await fetch((await home.status()).http + path)).text();
    assert.match(page, /The approval expired at .*: nobody had decided/);
    assert.doesNotMatch(page, /<form/);
    assert.equal((await home.run(["serve"], { environment: { CARILLON_HTTP_URL: "carillon.example.com", CARILLON_HOME: `${home.directory}/other` } })).code !== 0, true);
  } finally { await home.end(); }
});

// A program that keeps what is posted to it, by path.
async function receiver() {
  const letters = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => { body += piece; });
    request.on("end", () => { letters.push({ path: request.url, ...JSON.parse(body) }); response.end(); });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${server.address().port}`;
  return { letters, host, close: () => server.close(), about: (run, path) => letters.find((letter) => letter.data.run === run && letter.path === path) };
}

test("a deploy waits for a person whom a link reaches; the agent is refused, and time that runs out is no refusal (E13)", async () => {
  const web = await receiver();
  const person = `webhook:http://${web.host}/person`, anybody = `webhook:http://${web.host}/anybody`;
  const home = new Home({ pay: standIn() }, { CARILLON_DELIVERY_WEBHOOK_HOSTS: web.host, CARILLON_DELIVERY_APPROVAL_LINKS: person });
  try {
    await home.serve();
    await Promise.all((await clients()).map((kind) => withClient(home, kind, async (call) => {
      const name = `deploy-${kind.name.replaceAll(" ", "-")}`;
      await answered(call("save_pipeline", { name, steps: steps({ notify: [person, anybody] }) }));
      const { run } = await answered(call("run_now", { pipeline: name, input: { tag: "v9" } }));
      const waits = async () => (await answered(call("get_run", { run }))).status === "waiting";
      await until(waits, `${run} to wait`);
      const no = await refused(call("respond_to_run", { run, response: "approve" }));
      assert.match(no, /needs a person/, kind.name);
      assert.doesNotMatch(no, /\/approve\//);
      const letter = await until(() => web.about(run, "/person"), `a letter about ${run}`);
      assert.equal(letter.type, "run.asks");
      assert.equal(letter.data.message, "Deploy v9?");
      assert.match(letter.data.digest, /^[0-9a-f]{64}$/);
      assert.equal((await until(() => web.about(run, "/anybody"), "the other letter")).data.link, undefined);
      const detail = await answered(call("get_run", { run, response_format: "detailed" }));
      assert.deepEqual(detail.deliveries.map(({ target, about }) => `${target} ${about}`), [`${anybody} approval`, `${person} approval`]);
      assert.doesNotMatch(JSON.stringify([detail, await answered(call("get_status", {}))]), /\/approve\//);
      assert.ok((await answered(call("get_status", {}))).approvals.length > 0);
      assert.ok(await waits());
      assert.equal((await press(letter.data.link, "approve", { comment: "go" })).status, 200);
      const done = await ended(home, run);
      assert.equal(done.status, "succeeded", kind.name);
      assert.ok(JSON.stringify(done.output).includes(`approved by ${person}: go`), kind.name);
      await answered(call("save_pipeline", { name, steps: steps({ within: "300ms" }) }));
      const late = await call("run_now", { pipeline: name, input: { tag: "v9" }, wait_seconds: 30 });
      assert.match(textOf(late), /status: failed/, kind.name);
      assert.match(textOf(late), /the approval expired/);
      assert.doesNotMatch(textOf(late), /rejected/);
    })));
  } finally { web.close(); await home.end(); }
});

test("an approval that nobody decides is told to another", async () => {
  const web = await receiver();
  const home = new Home({ pay: standIn() }, { CARILLON_DELIVERY_WEBHOOK_HOSTS: web.host });
  try {
    await home.serve();
    const run = await begin(home, { notify: [`webhook:http://${web.host}/first`], escalate: { after: "2s", to: `webhook:http://${web.host}/boss` } });
    await until(() => web.about(run, "/first"), "the first to be told");
    assert.equal(web.about(run, "/boss"), undefined);
    await until(() => web.about(run, "/boss"), "the other to be told");
    assert.match(web.about(run, "/boss").data.text, new RegExp(`carillon approve ${run}`));
  } finally { web.close(); await home.end(); }
});

// Links that decide an approval, through the real program: what a browser is shown, what its form sends, what scanners and
// other sites change (nothing), and what the command line offers to a person.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Home, standIn, until } from "./lib.mjs";

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

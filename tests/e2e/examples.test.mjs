// The pipelines of catalog/examples: `carillon import pipelines` takes all of them, and each does what docs/examples.md says, against servers of its own.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { after, before, test } from "node:test";
import { Home, node, root, until } from "./lib.mjs";

const directory = path.join(root, "catalog/examples");
const names = readdirSync(directory).map((file) => path.basename(file, ".json")).sort();
const tried = new Set();
let home, journal, page, pages, body = "one";

const calls = () => (existsSync(journal) ? readFileSync(journal, "utf8").trim().split("\n").filter(Boolean).map((line) => JSON.parse(line)) : []);
const state = (run, wanted) => until(async () => {
  const detail = await home.call("get_run", { run, include: ["steps", "output"] });
  return wanted.includes(detail.status) && detail;
}, `${run} to be ${wanted}`);
const begin = async (pipeline, input, wanted = ["succeeded", "failed", "unknown", "cancelled"]) => {
  tried.add(pipeline);
  return await state((await home.call("run_now", { pipeline, input })).run, wanted);
};
const ended = (run) => state(run, ["succeeded", "failed", "unknown", "cancelled"]);
const made = (from) => calls().slice(from).map(({ server, tool }) => `${server}.${tool}`);
const steps = (detail) => Object.fromEntries(detail.steps.map(({ step, status }) => [step, status]));

before(async () => {
  page = createServer((request, response) => response.end(body));
  await new Promise((resolve) => page.listen(0, "127.0.0.1", resolve));
  pages = `127.0.0.1:${page.address().port}`;
  home = new Home({}, { CARILLON_LLM_ENDPOINT: "stub:", CARILLON_CATALOG_HTTP_GET_HOSTS: pages });
  journal = path.join(home.directory, "calls.jsonl");
  const offices = ["google-calendar-mcp", "weather-mcp", "telegram-mcp", "imap-mcp", "gmail-mcp", "github-mcp", "slack-mcp", "deploy-mcp"];
  writeFileSync(path.join(home.environment.CARILLON_HOME, "servers.json"), JSON.stringify({ mcpServers: Object.fromEntries(offices
    .map((name) => [name, { command: node, args: [path.join(root, "tests/e2e/office_server.mjs"), name, journal] }])) }));
  await home.serve();
  const taken = await home.run(["import", "pipelines", ...names.map((name) => path.join(directory, `${name}.json`))]);
  assert.equal(taken.code, 0, taken.stdout + taken.stderr);
  assert.match(taken.stdout, new RegExp(`^${names.length} created$`, "m"));
  assert.doesNotMatch(taken.stdout, /warning/);
});
after(async () => { await home.end(); page.close(); });

test("weekday-briefing says the day in a message", async () => {
  const from = calls().length;
  const detail = await begin("weekday-briefing", { chat_id: 7, city: "Oslo" });
  assert.equal(detail.status, "succeeded", JSON.stringify(detail));
  assert.deepEqual(made(from).sort(), ["google-calendar-mcp.list_events", "telegram-mcp.send_message", "weather-mcp.forecast"]);
  const { arguments: sent } = calls().at(-1);
  assert.equal(sent.chat_id, 7);
  assert.match(sent.text, /Standup/);
  assert.match(sent.text, /"city":"Oslo"/);
});

test("follow-up-letters sends what a person approved and nothing that was refused", async () => {
  for (const [response, count] of [["reject", 0], ["approve", 1]]) {
    const { run, approvals } = await begin("follow-up-letters", {}, ["waiting", "failed"]);
    assert.equal(approvals[0].message, "Send 2 follow-ups?");
    await home.call("respond_to_run", { run, response });
    const detail = await ended(run);
    assert.equal(detail.status, "succeeded", JSON.stringify(detail));
    assert.equal(calls().filter(({ tool }) => tool === "send_followups").length, count);
    assert.match(JSON.stringify(detail.output), new RegExp(`"asked":"${response === "approve" ? "approved" : "rejected"}"`));
  }
});

test("release tells a release that is well and rolls back one that is not", async () => {
  for (const [tag, status, expected] of [["v2", "succeeded", ["roll_out", "check_health"]], ["sick", "failed", ["roll_out", "check_health", "roll_back"]]]) {
    const from = calls().length;
    const { run } = await begin("release", { tag }, ["waiting", "failed"]);
    await home.call("respond_to_run", { run, response: "approve" });
    const detail = await ended(run);
    assert.equal(detail.status, status, JSON.stringify(detail));
    assert.deepEqual(calls().slice(from).map(({ tool }) => tool), expected);
    assert.equal((await home.call("get_state", { key: "release/turn" })).holder, undefined);
  }
  assert.deepEqual(calls().at(-1).arguments, { to: "v1" });
  assert.deepEqual((await home.call("list_events", { event: "release.done" })).events.length, 1);
});

test("triage-issues goes on where one issue fails", async () => {
  const from = calls().length;
  const detail = await begin("triage-issues", { repo: "a/b" });
  assert.equal(detail.status, "succeeded", JSON.stringify(detail));
  const done = calls().slice(from);
  assert.deepEqual(done.filter(({ tool }) => tool === "add_label").map(({ arguments: { issue } }) => issue).sort((a, b) => a - b), [1, 13]);
  assert.deepEqual(done.filter(({ tool }) => tool === "post").map(({ arguments: { text } }) => text), ["urgent: urgent: data lost"]);
  assert.match(JSON.stringify(detail.output), /"failed":1/);
  assert.match(JSON.stringify(detail.output), /"seen":3/);
});

test("watch-page tells once that a page is another", async () => {
  const url = `http://${pages}/`;
  const told = [];
  for (const text of ["one", "one", "two", "two"]) {
    body = text;
    const detail = await begin("watch-page", { url });
    assert.equal(detail.status, "succeeded", JSON.stringify(detail));
    told.push(steps(detail).tell);
  }
  assert.deepEqual(told, ["skipped", "skipped", "succeeded", "skipped"]);
  assert.equal((await home.call("list_events", { event: "page.changed" })).events.length, 1);
});

test("every example was tried and docs/examples.md names it", async () => {
  assert.deepEqual([...tried].sort(), names);
  const text = readFileSync(path.join(root, "docs/examples.md"), "utf8");
  for (const name of names) assert.ok(text.includes(`\`${name}\``), name);
  assert.equal((await home.call("schedule_task", JSON.parse(text.match(/```json\n(.*?)```/s)[1]))).runs.pipeline, "weekday-briefing@1");
});

// Long runs and wide ones (spec, scenarios E11 and E16): by every client, over stdio and HTTP, in both eras.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { answered, clients, Home, standIn, until, withClient } from "./lib.mjs";

const all = await clients();
const journal = path.join(process.env.TMPDIR ?? "/tmp", `carillon-long-${process.pid}.jsonl`);
const kEnded = ["succeeded", "failed", "cancelled", "unknown"];
let home;

before(async () => {
  home = new Home({ s: standIn("--journal", journal) });
  await home.serve();
  await home.call("save_pipeline", { name: "slow-export", steps: [
    { id: "fetch", uses: "s.sleep", with: { ms: 3000 } }, { id: "count", uses: "s.add", with: { a: 19, b: 23 } }] });
});
after(() => home.end());

const over = (kind, work) => withClient(home, kind, work);

describe("a job that is longer than its client waits (E11)", { concurrency: true }, () => {
  for (const kind of all)
    test(`is begun, left and found again by ${kind.name}`, async () => {
      const run = await over(kind, async (call) => {
        const started = await answered(call("run_now", { pipeline: "slow-export", wait_seconds: 1 }));
        assert.match(started.run, /^slow-export#\d+$/);
        assert.ok(!kEnded.includes(started.status), started.status);
        return started.run;
      });
      // Another session of the client, which knows the handle and nothing else.
      const detail = await over(kind, (call) => until(async () => {
        const found = await answered(call("get_run", { run, wait_seconds: 1 }));
        return kEnded.includes(found.status) && found;
      }, `the end of ${run}`));
      assert.equal(detail.status, "succeeded");
      assert.deepEqual(detail.output, { sum: 42 });
    });

  const meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientInfo": { name: "carillon-e2e", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": { extensions: { "io.modelcontextprotocol/tasks": {} } } };
  const request = (id, method, params) => ({ jsonrpc: "2.0", id, method, params: { ...params, _meta: meta } });

  // Sessions that know the Tasks extension: ask(method, params) → result, close().
  const sessions = {
    stdio: async () => {
      const front = home.start(["mcp"]);
      const answers = new Map();
      let text = "", last = 0;
      front.stdout.on("data", (data) => {
        text += data;
        for (let end; (end = text.indexOf("\n")) >= 0; text = text.slice(end + 1)) {
          const message = JSON.parse(text.slice(0, end));
          answers.get(message.id)?.(message);
        }
      });
      return {
        ask: async (method, params) => {
          const id = ++last;
          const answer = new Promise((resolve) => answers.set(id, resolve));
          front.stdin.write(`${JSON.stringify(request(id, method, params))}\n`);
          return (await answer).result;
        },
        close: async () => { front.kill("SIGKILL"); await front.gone; },
      };
    },
    http: async () => {
      const endpoint = (await home.status()).mcp;
      return {
        ask: async (method, params) => {
          const name = params.taskId ?? params.name;
          const answer = await fetch(endpoint, {
            method: "POST", body: JSON.stringify(request(1, method, params)),
            headers: { Authorization: `Bearer ${home.token()}`, "Content-Type": "application/json", Accept: "application/json, text/event-stream",
              "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, "Mcp-Name": name } });
          return (await answer.json()).result;
        },
        close: async () => {},
      };
    },
  };
  for (const [transport, open] of Object.entries(sessions))
    test(`is a task over ${transport} that a client which was started again resumes`, async () => {
      const first = await open();
      const task = await first.ask("tools/call", { name: "run_now", arguments: { pipeline: "slow-export" } });
      assert.equal(task.resultType, "task");
      assert.equal((await first.ask("tasks/get", { taskId: task.taskId })).status, "working");
      await first.close();
      const second = await open();
      const ended = await until(async () => {
        const found = await second.ask("tasks/get", { taskId: task.taskId });
        return found.status !== "working" && found;
      }, "the end of the task");
      assert.equal(ended.status, "completed");
      assert.match(JSON.stringify(ended.result), /succeeded/);
      await second.close();
    });
});

// How many calls with the tag were under way at once at most; the stand-in writes a line when one comes and when one goes.
function mostAtOnce(tag) {
  let most = 0;
  const open = new Set();
  for (const line of existsSync(journal) ? readFileSync(journal, "utf8").trim().split("\n") : []) {
    const entry = JSON.parse(line);
    if (!String(entry.key ?? "").includes(`-${tag}-`) || !["call", "done", "cancelled"].includes(entry.event)) continue;
    if (entry.event === "call") open.add(entry.key); else open.delete(entry.key);
    most = Math.max(most, open.size);
  }
  return most;
}

describe("a map over 200 items, five at once, of which one fails (E16)", () => {
  for (const kind of [all[0], all.at(-1)])
    test(`gives 199 results and one error by ${kind.name}`, () => over(kind, async (call) => {
      const name = `label-${all.indexOf(kind)}`;
      const steps = [{ id: "label", map: "${input.issues}", as: "issue", max_parallel: 5, on_error: "continue", do: [
        { id: "way", switch: [
          { if: "issue.number == `117`", do: [{ id: "bad", uses: "s.fail", with: { message: "no such label" } }] },
          { else: [{ id: "set", uses: "s.sleep", with: { ms: 10 } }, { id: "give", uses: "s.add", with: { a: "${issue.number}", b: 1000 } }] }] }] }];
      await answered(call("save_pipeline", { name, steps }));
      const issues = Array.from({ length: 200 }, (_, i) => ({ number: i + 1 }));
      const { run } = await answered(call("run_now", { pipeline: name, input: { issues } }));
      const detail = await until(async () => {
        const found = await answered(call("get_run", { run, wait_seconds: 30 }));
        return kEnded.includes(found.status) && found;
      }, `the end of ${run}`);
      assert.equal(detail.status, "succeeded");
      const part = async (output_path) => (await answered(call("get_run", { run, output_path }))).output;
      const failed = await part("steps.label.failed");
      assert.equal(failed.length, 1);
      assert.equal(failed[0].index, 116);
      assert.equal(failed[0].error.class, "tool_error");
      const results = await part("steps.label.results[*].sum || `[]`");
      assert.deepEqual(results, issues.filter(({ number }) => number !== 117).map(({ number }) => number + 1000), "in the order of the items");
      assert.equal(await part("length(steps.label.results)"), 200);
      assert.equal(await part("steps.label.results[116]"), null);
      const { runs } = await answered(call("list_runs", { pipeline: name, response_format: "detailed" }));
      assert.equal(mostAtOnce(runs[0].id), 5);
    }));
});

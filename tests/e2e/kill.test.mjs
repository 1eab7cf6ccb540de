// kill -9 of everything, in the middle of a run: every slot has exactly one run with a true state afterwards.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Home, standIn, until } from "./lib.mjs";

const journalOf = (file) => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").filter(Boolean).map((line) => JSON.parse(line)) : []);

// The stand-in's annotations say that `record` is destructive and `record_again` idempotent.
function withStandIn() {
  const home = new Home();
  const journal = `${home.directory}/journal.jsonl`;
  const server = standIn("--journal", journal);
  execFileSync("sh", ["-c", `cat > "$0"`, `${home.environment.CARILLON_HOME}/servers.json`], {
    input: JSON.stringify({ mcpServers: { pay: server } }) });
  return { home, calls: (tool) => journalOf(journal).filter((entry) => entry.event === "call" && entry.tool === tool) };
}

const settled = async (home, task) => {
  const { runs } = await home.call("list_runs", { task });
  return runs.length > 0 && runs.every((run) => !["queued", "running", "waiting"].includes(run.status)) ? runs : null;
};

const cases = [
  // failpoint, tool, the state that is true afterwards, calls that reached the server
  ["after_claim", "record", "succeeded", 1],
  ["before_call", "record", "unknown", 0],
  ["after_call", "record", "unknown", 1],
  ["before_complete", "record", "unknown", 1],
  ["after_claim", "record_again", "succeeded", 1],
  ["before_call", "record_again", "succeeded", 1],
  ["after_call", "record_again", "succeeded", 2],
  ["before_complete", "record_again", "succeeded", 2],
];

for (const [failpoint, tool, expected, reached] of cases) {
  test(`a worker killed at ${failpoint} of a ${tool === "record" ? "destructive" : "repeatable"} call leaves one run, ${expected}`, async () => {
    const { home, calls } = withStandIn();
    try {
      const first = await home.serve([], { CARILLON_FAILPOINT: failpoint });
      await home.call("schedule_task", { name: "job", when: "in 1s", tool: `pay.${tool}`, arguments: { message: "once" } });
      assert.equal((await first.gone).signal, "SIGKILL");
      await home.serve();
      const runs = await until(() => settled(home, "job"), "the run to settle");
      assert.equal(runs.length, 1);
      assert.equal(runs[0].status, expected);
      assert.equal(calls(tool).length, reached);
      if (reached === 2) assert.equal(new Set(calls(tool).map((call) => call.key)).size, 1, "both attempts carry one idempotency key");
    } finally { await home.end(); }
  });
}

test("kill -9 of PostgreSQL in the middle of a run: the daemon brings it back and the run has a true state", async () => {
  const { home } = withStandIn();
  try {
    await home.serve();
    await home.call("schedule_task", { name: "long", when: "in 1s", tool: "pay.sleep", arguments: { ms: 1500 } });
    await until(async () => (await home.call("list_runs", { task: "long" })).runs.some((run) => run.status === "running"), "the run to start");
    const postmaster = readFileSync(execFileSync("find", [`${home.environment.CARILLON_HOME}/postgres`, "-name", "postmaster.pid"]).toString().trim(), "utf8").split("\n")[0];
    process.kill(Number(postmaster), "SIGKILL");
    const runs = await until(async () => { try { return await settled(home, "long"); } catch { return null; } }, "the run to settle");
    assert.equal(runs.length, 1);
    assert.ok(["succeeded", "unknown"].includes(runs[0].status), runs[0].status);
  } finally { await home.end(); }
});

test("a second worker process takes over what a killed one held", async () => {
  const { home } = withStandIn();
  try {
    await home.serve();
    const worker = home.start(["worker"], { CARILLON_FAILPOINT: "after_claim" });
    for (let i = 0; i < 8; ++i) await home.call("schedule_task", { name: `spread-${i}`, when: "in 1s", tool: "pay.add", arguments: { a: i, b: 1 } });
    for (let i = 0; i < 8; ++i) {
      const runs = await until(() => settled(home, `spread-${i}`), `spread-${i}`);
      assert.deepEqual(runs.map((run) => run.status), ["succeeded"]);
    }
    worker.kill("SIGKILL");
  } finally { await home.end(); }
});

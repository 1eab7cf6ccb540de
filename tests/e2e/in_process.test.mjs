// Where no daemon can be started, the front serves in its own process and says so.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { clients, Home, textOf, until } from "./lib.mjs";

test("a front whose home cannot be written serves in its own process, says host_only and leaves nothing behind", async () => {
  const home = new Home({}, {});
  try {
    // Nothing can be made below /proc, not even by root.
    const temporary = `${home.directory}/tmp`;
    mkdirSync(temporary, { mode: 0o1777 });
    const sealed = { environment: { ...home.environment, HOME: "/proc", CARILLON_HOME: "/proc/sealed", TMPDIR: temporary } };
    const front = await (await clients()).find((kind) => kind.name === "v1 stdio").connect(sealed);
    const call = async (tool, args) => {
      const answer = await front.callTool({ name: tool, arguments: args });
      assert.ok(!answer.isError, textOf(answer));
      return answer.structuredContent;
    };
    const created = await call("schedule_task", { name: "fleeting", when: "in 1s", tool: "carillon.echo", arguments: { message: "here" } });
    assert.equal(created.durable, "host_only");
    assert.ok(created.warnings.some((warning) => warning.includes("while the host that made it is open")), JSON.stringify(created.warnings));
    await until(async () => (await call("list_runs", { task: "fleeting" })).runs.some((run) => run.status === "succeeded"), "the run in the front");
    assert.notDeepEqual(readdirSync(temporary), [], "its database lies in the temporary folder");
    const { pid } = front.transport;
    await front.close();
    await until(() => { try { return !process.kill(pid, 0); } catch { return true; } }, "the front to end");
    assert.deepEqual(readdirSync(temporary), [], "its database went with it");
  } finally { await home.end(); }
});

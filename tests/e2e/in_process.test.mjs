// Where no daemon can be started, the front serves in its own process and says so.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clients, Home, textOf } from "./lib.mjs";

test("a front whose home cannot be written serves in its own process and says host_only", async () => {
  const home = new Home({}, {});
  try {
    // Nothing can be made below /proc, not even by root.
    const sealed = { environment: { ...home.environment, HOME: "/proc", CARILLON_HOME: "/proc/sealed" } };
    const front = await (await clients()).find((kind) => kind.name === "v1 stdio").connect(sealed);
    const created = await front.callTool({ name: "schedule_task", arguments: { name: "fleeting", when: "in 1h", message: "x" } });
    assert.ok(!created.isError, textOf(created));
    assert.equal(created.structuredContent.durable, "host_only");
    assert.ok(created.structuredContent.warnings.length >= 1, "it warns that the task stops with the host");
    await front.close();
  } finally { await home.end(); }
});

// The daemon of a home: it takes its PostgreSQL with it, and suffers no second one.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { Home } from "./lib.mjs";

test("SIGTERM stops the daemon and its private PostgreSQL with it", async () => {
  const home = new Home({}, {}, { bare: true });
  try {
    const daemon = await home.serve();
    daemon.kill("SIGTERM");
    assert.deepEqual(await daemon.gone, { code: 0, signal: null });
    assert.throws(() => execFileSync("pgrep", ["-f", `${home.environment.CARILLON_HOME}/postgres`]));
    assert.equal((await home.status()).state, "stopped");
  } finally { await home.end(); }
});

test("a second daemon on the same home is refused", async () => {
  const home = new Home();
  try {
    await home.serve();
    const second = await home.run(["serve"]);
    assert.equal(second.code, 4);
    assert.match(second.stderr, /already running/);
  } finally { await home.end(); }
});

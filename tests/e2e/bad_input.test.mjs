// Bad input to pipelines through the real program: definitions that are huge or grow while they run, tools that answer too much, text that
// JSON cannot hold. Each is refused with its place, or shown in part; nothing is half saved and the daemon goes on.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { answered, clients, Home, refused, standIn, withClient } from "./lib.mjs";

const kinds = (await clients()).filter(({ name }) => ["v2 auto stdio", "v2 auto http"].includes(name));
const home = new Home({ pay: standIn() });
before(() => home.serve());
after(() => home.end());

const echo = (id, message) => ({ id, uses: "pay.echo", with: { message } });
const ran = (call, name) => answered(call("run_now", { task: name, wait_seconds: 45 }));
const saved = (call, name, steps) => answered(call("schedule_task", { name, when: "manual", steps, on_conflict: "update" }));

const labelOf = (kind) => kind.name.replaceAll(" ", "-");

describe("bad input to pipelines", () => {
  // Of what runs give and grow to the client sees little, so one client is enough.
  const [kind] = kinds, label = labelOf(kind);

  test("a tool's result of 100 MB fails its step and says what to change, one of 8 MB is shown as an extract, and the server is used again", () => withClient(home, kind, async (call) => {
    const name = `big-${label}`;
    await saved(call, name, [{ id: "all", uses: "pay.big", with: { bytes: 100_000_000 }, retry: { max_attempts: 1 }, on_error: "continue" },
      { id: "much", uses: "pay.big", with: { bytes: 8_000_000 } }, echo("after", "${to_string(length(steps.much.text) > `1000000`)}")]);
    const run = await ran(call, name);
    const [all, much, last] = (await answered(call("get_run", { run: run.run }))).steps;
    assert.deepEqual([all.status, all.error_class], ["failed", "protocol"]);
    assert.match(all.error, /more than \d+ bytes in one message; let it answer less/);
    assert.equal(much.status, "succeeded");
    const shown = await answered(call("get_run", { run: run.run, step: "much" }));
    assert.ok(JSON.stringify(shown).length < 50_000, `${JSON.stringify(shown).length} bytes`);
    assert.equal(last.status, "succeeded");
    assert.equal(run.output, "Echo: true");
  }));

  test("templates that double what they fill in are stopped with their step and the cure", () => withClient(home, kind, async (call) => {
    const name = `laughs-${label}`;
    const steps = [echo("s0", "lol".repeat(10_000))];
    for (let n = 1; n <= 40; ++n) steps.push(echo(`s${n}`, `\${steps.s${n - 1}.text}\${steps.s${n - 1}.text}`));
    await saved(call, name, steps);
    const words = await refused(call("run_now", { task: name, wait_seconds: 45 }));
    assert.match(words, /invalid_arguments/);
    assert.match(words, /step s8: what the templates give is larger than 5000000 bytes: select less with an expression/);
  }));

  kinds.forEach((kind) => describe(`of ${kind.name}`, () => {
    const label = labelOf(kind);

    test("a definition of 10 MB is refused and not half saved", () => withClient(home, kind, async (call) => {
      const words = await refused(call("schedule_task", { name: `huge-${label}`, when: "manual", steps: [echo("a", "x".repeat(10_000_000))] }));
      assert.match(words, /too_large[^]*at most 1000000 bytes; give what is large as input[^]*\/steps/);
      assert.equal((await answered(call("list_tasks", { query: `huge-${label}` }))).total, 0);
    }));

    test("what JSON or the database cannot hold is refused, or kept as it is, and text that looks like a template is data", () => withClient(home, kind, async (call) => {
      const half = await call("schedule_task", { name: `half-${label}`, when: "manual", steps: [echo("a", "a\ud800b")] }).catch((error) => error);
      assert.match(String(half.message), /half of a surrogate pair .* stands alone; write both halves, at byte \d+/);
      assert.equal((await answered(call("list_tasks", { query: `half-${label}` }))).total, 0);
      await saved(call, `nul-${label}`, [echo("a", "a\u0000b"), echo("b", "${steps.a.text}")]);
      assert.equal((await ran(call, `nul-${label}`)).output, "Echo: Echo: a\u0000b");
      await saved(call, `data-${label}`, [echo("a", "${input.text}"), echo("b", "${steps.a.text}")]);
      const run = await answered(call("run_now", { task: `data-${label}`, input: { text: "${now} ${steps.x} ${`" }, wait_seconds: 45 }));
      assert.equal(run.output, "Echo: Echo: ${now} ${steps.x} ${`");
    }));
  }));
});

// The shared state through the real program: counts, leases and watches of agents of both generations over stdio and HTTP,
// and what is forgotten when its time is over.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { clients, Home, load, textOf, until } from "./lib.mjs";

const all = await clients();
const { ResourceUpdatedNotificationSchema } = await load("@modelcontextprotocol/sdk/types.js");
let home, agents;

before(async () => {
  home = new Home();
  await home.serve();
  agents = await Promise.all(all.map(async (kind) => ({ kind, client: await kind.connect(home) })));
});
after(async () => {
  await Promise.all(agents.map(({ client }) => client.close()));
  await home.end();
});

const asks = async ({ client, kind }, name, args) => {
  const answer = await client.callTool({ name, arguments: args });
  return { refused: answer.isError === true, facts: answer.structuredContent ?? JSON.parse(textOf(answer)), text: textOf(answer), by: kind.name };
};
const says = async (agent, name, args) => {
  const answer = await asks(agent, name, args);
  assert.ok(!answer.refused, `${answer.by}: ${answer.text}`);
  return answer.facts;
};

describe("shared state", { concurrency: true }, () => {
  test("counts of every client at once lose none, and each client reads them", async () => {
    await Promise.all(agents.flatMap((agent) => Array.from({ length: 5 }, () => says(agent, "set_state", { key: "count", op: "increment" }))));
    for (const agent of agents) {
      const { value, version } = await says(agent, "get_state", { key: "count" });
      assert.deepEqual([value, version], [5 * agents.length, 5 * agents.length]);
      const { contents } = await agent.client.readResource({ uri: "state://default/count" });
      assert.equal(JSON.parse(contents[0].text).value, 5 * agents.length);
    }
    const told = await Promise.all(agents.map((agent) => says(agent, "set_state", { key: "once", op: "increment", client_generated_id: "one count" })));
    assert.ok(told.every((answer) => answer.value === 1));
    assert.equal((await says(agents[0], "get_state", { key: "once" })).value, 1);
  });

  test("of all clients one holds a key at a time, and what comes late from an old holder is refused", async () => {
    const key = "repo/a/build";
    let last = 0;
    for (let round = 0; round < 3; ++round) {
      const asked = await Promise.all(agents.map((agent) => asks(agent, "set_state", { key, op: "acquire", ttl: "30m" })));
      const held = asked.filter((answer) => !answer.refused);
      assert.equal(held.length, 1, asked.map((answer) => answer.text).join("\n"));
      for (const { facts } of asked.filter((answer) => answer.refused)) {
        assert.equal(facts.error, "conflict");
        assert.ok(facts.holder);
        assert.match(facts.until, /in (30|29) min/);
      }
      const { fencing } = held[0].facts;
      assert.ok(fencing > last);
      if (last > 0) assert.equal((await asks(agents[round], "set_state", { key, op: "set", value: "late", if_version: last })).facts.error, "version_conflict");
      await says(agents[round], "set_state", { key, op: "set", value: `by ${fencing}`, if_version: fencing });
      await says(agents[round], "set_state", { key, op: "release", if_version: fencing });
      last = fencing;
    }
    assert.equal((await says(agents[0], "get_state", { key })).value, `by ${last}`);
  });

  test("every client is told of a key that it watches", async () => {
    await Promise.all(agents.map(async ({ kind, client }, n) => {
      const uri = `state://default/watched%2F${n}`;
      const told = [];
      const note = (notification) => { told.push(notification.params.uri); };
      client.setNotificationHandler(kind.name.startsWith("v1") ? ResourceUpdatedNotificationSchema : "notifications/resources/updated", note);
      if (kind.name.startsWith("v2 auto")) await client.listen({ resourceSubscriptions: [uri] });
      else await client.subscribeResource({ uri });
      await says({ kind, client }, "set_state", { key: `watched/${n}`, op: "set", value: '{"green": true}' });
      await until(() => told.includes(uri), `${kind.name} to be told of ${uri}`);
    }));
  });

  test("what is over is forgotten, and its numbers are given to nobody again", async () => {
    const other = new Home();
    try {
      const call = (args) => other.call("set_state", args);
      const daemon = await other.serve();
      for (let n = 1; n <= 5; ++n) assert.equal((await call({ key: "short", op: "set", value: `${n}`, ttl: "1m" })).version, n);
      await call({ key: "kept", op: "set", value: "x" });
      assert.equal((await call({ key: "held", op: "acquire", ttl: "1m" })).fencing, 1);
      daemon.kill("SIGKILL");
      await daemon.gone;
      await other.serve(["--clock-shift", "3h"]);
      assert.equal((await other.call("get_state", { key: "short" })).found, false);
      // New keys begin behind the numbers of forgotten ones: that is how a sweep is seen from outside.
      let probe = 0;
      await until(async () => (await call({ key: `probe/${++probe}`, op: "set", value: "x" })).version === 6, "the sweep");
      assert.equal((await call({ key: "short", op: "set", value: "again" })).version, 6);
      assert.ok((await call({ key: "held", op: "acquire" })).fencing > 1);
      assert.equal((await call({ key: "kept", op: "set", value: "y" })).version, 2);
    } finally { await other.end(); }
  });
});

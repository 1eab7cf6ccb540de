// The whole tool list from the outside: the official clients of both generations, in either era, over stdio and HTTP, list
// every tool and call each with sense. A tool that is listed and has no call in every_call.mjs fails.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { callsFor } from "./every_call.mjs";
import { clients, Home, standIn, textOf } from "./lib.mjs";

let home;
before(async () => {
  home = new Home({ odd: standIn() });
  await home.serve();
});
after(() => home.end());

for (const kind of await clients()) {
  test(`${kind.name} lists and calls every tool`, async () => {
    const client = await kind.connect(home);
    const { tools } = await client.listTools();
    const calls = callsFor(kind.name.replaceAll(" ", "-"));
    assert.deepEqual(tools.map((tool) => tool.name).sort(), [...new Set(calls.map(([name]) => name))].sort(), "a tool has no call here, or a call no tool");
    for (const [name, args] of calls) {
      const answer = await client.callTool({ name, arguments: args });
      assert.ok(!answer.isError, `${name}: ${textOf(answer)}`);
      assert.ok(textOf(answer).length > 0, name);
    }
    await client.close();
  });
}

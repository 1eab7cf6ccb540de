// The Inspector's command line, in either era, over stdio and HTTP, lists every tool and calls them: in the long form each
// tool on each way, otherwise it shares them out among its four.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { callsFor } from "./every_call.mjs";
import { Home, node, npmFile, program, standIn } from "./lib.mjs";

let home;
before(async () => {
  home = new Home({ odd: standIn() });
  await home.serve();
});
after(() => home.end());

const inspector = npmFile("@modelcontextprotocol/inspector/clients/launcher/build/index.js");
const ways = ["legacy", "modern"].flatMap((era) => ["stdio", "http"].map((carrier) => ({ era, carrier })));

for (const [at, { era, carrier }] of ways.entries()) {
  test(`the Inspector's command line lists and calls tools over ${carrier} in the ${era} era`, async () => {
    const server = carrier === "stdio" ? { type: "stdio", command: program, args: ["mcp"], env: home.environment }
      : { type: "streamable-http", url: (await home.status()).mcp, headers: { Authorization: `Bearer ${home.token()}` } };
    const config = `${home.directory}/inspector-${era}-${carrier}.json`;
    writeFileSync(config, JSON.stringify({ mcpServers: { carillon: { ...server, protocolEra: era } } }));
    const run = (...args) => promisify(execFile)(node, [inspector, "--cli", "--config", config, "--server", "carillon", ...args, "--format", "json"],
      { env: { ...process.env, HOME: home.directory, MCP_INSPECTOR_SECRET_STORE: "memory" }, maxBuffer: 16 << 20 });
    const task = `inspector-${era}-${carrier}`;
    const calls = callsFor(task);
    const listed = await run("--method", "tools/list", "--strict");  // fails where a schema is not portable
    for (const [name] of calls) assert.ok(listed.stdout.includes(`"${name}"`), name);
    for (const [name, args] of calls.slice(0, 6)) await home.call(name, args);
    const mine = process.env.CARILLON_SOAK === "1" ? calls : calls.filter((_, index) => index % ways.length === at);
    for (const [name, args] of mine) {
      const { stdout } = await run("--method", "tools/call", "--tool-name", name, "--tool-args-json", JSON.stringify(args));
      assert.ok(!JSON.parse(stdout).isError, `${name}: ${stdout}`);
    }
    await home.run(["call", "cancel_run", "--args", JSON.stringify({ run: `${task}-busy#1` })]);  // where it was not the Inspector's to do
  });
}

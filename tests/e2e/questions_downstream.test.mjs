// What a server of somebody else's asks in the middle of a call, and the task that it makes of one: answered by the
// entry's own words where nobody sits before the call, and by the official client's where somebody does.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Home, load, program, realServers, textOf, until } from "./lib.mjs";

let home;
let daemon;

before(async () => {
  const { everything } = realServers("/");
  const answered = { ...everything, carillon: { tools: {
    "trigger-elicitation-request": { answers: { name: "Ada", check: true } },
    "simulate-research-query": { answers: { interpretation: "technical" } } } } };
  // A process for each test that is asked: the questions of this server name no call.
  const servers = { answered, filled: answered, declined: { ...everything, carillon: { questions: "ask_or_decline" } }, unanswered: everything, asks_legacy: everything, asks_auto: everything };
  home = new Home(servers);
  daemon = await home.serve([], { CARILLON_LOG_LEVEL: "debug" });
  // A call waits only seconds for a server to start.
  for (const server of Object.keys(servers))
    await until(async () => (await home.run(["call", "search_tools", "--args", JSON.stringify({ server, query: "trigger elicitation" })])).stdout.includes(`${server}.trigger-elicitation-request`), `${server} to list its tools`);
});
after(async () => { await home.end(); });

const words = (answer) => JSON.stringify(answer);

// The official client of the newest generation, whose person fills in "Grace" everywhere.
async function connectPerson(mode) {
  const { Client } = await load("@modelcontextprotocol/client");
  const { StdioClientTransport } = await load("@modelcontextprotocol/client/stdio");
  const client = new Client({ name: "person", version: "1" }, { versionNegotiation: { mode }, capabilities: { elicitation: { form: {} } } });
  const asked = [];
  client.setRequestHandler("elicitation/create", async (request) => {
    asked.push(request.params.message);
    return { action: "accept", content: { name: "Grace", check: true, interpretation: "historical" } };
  });
  await client.connect(new StdioClientTransport({ command: program, args: ["mcp"], env: home.environment, stderr: "pipe" }));
  return { client, asked };
}

describe("what a downstream server asks", { concurrency: true }, () => {
  test("a form is filled in with the entry's fixed answers", async () => {
    assert.match(words(await home.call("call_tool", { tool: "filled.trigger-elicitation-request", arguments: {}, wait_seconds: 20 })), /Ada/);
  });

  test("a question that nobody can be asked is declined where the entry says so", async () => {
    assert.match(words(await home.call("call_tool", { tool: "declined.trigger-elicitation-request", arguments: {}, wait_seconds: 20 })), /declined/);
  });

  test("a question that nobody can be asked ends the call with its words", async () => {
    const answer = await home.run(["call", "call_tool", "--json", "--args", JSON.stringify({ tool: "unanswered.trigger-elicitation-request", arguments: {}, wait_seconds: 20 })]);
    assert.match(answer.stdout + answer.stderr, /Please provide inputs/);
  });

  test("a tool that runs as a task is followed to its end and its question answered", async () => {
    const answer = await home.call("call_tool", { tool: "answered.simulate-research-query", arguments: { topic: "bells", ambiguous: true }, wait_seconds: 30 });
    assert.match(words(answer), /bells/);
    assert.match(words(answer), /succeeded/);
  });

  for (const mode of ["legacy", "auto"]) {
    test(`whoever waits for the call is asked what its server wants to know (${mode})`, async () => {
      const { client, asked } = await connectPerson(mode);
      try {
        const answer = await client.callTool({ name: "call_tool", arguments: { tool: `asks_${mode}.trigger-elicitation-request`, arguments: {}, wait_seconds: 20 } });
        assert.match(textOf(answer), /Grace/);
        assert.equal(asked.length, 1);
      } finally {
        await client.close();
      }
    });
  }
});

// After all of the above.
test("neither questions nor answers stand in the log", () => {
  assert.match(daemon.errors, /downstream server is ready/);
  assert.doesNotMatch(daemon.errors, /Ada|Grace|Please provide inputs|multiple interpretations/);
});

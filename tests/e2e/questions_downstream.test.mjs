// What a server of somebody else's asks in the middle of a call, and the task that it makes of one: answered by the
// entry's own words, because nobody sits before a command line's call.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Home, realServers } from "./lib.mjs";

let home;

before(async () => {
  const { everything } = realServers("/");
  const answered = { ...everything, carillon: { tools: {
    "trigger-elicitation-request": { answers: { name: "Ada", check: true } },
    "simulate-research-query": { answers: { interpretation: "technical" } } } } };
  home = new Home({ answered, declined: { ...everything, carillon: { questions: "ask_or_decline" } }, unanswered: everything });
  await home.serve();
});
after(async () => { await home.end(); });

const textOf = (answer) => JSON.stringify(answer);

describe("what a downstream server asks", { concurrency: true }, () => {
  test("a form is filled in with the entry's fixed answers", async () => {
    assert.match(textOf(await home.call("call_tool", { tool: "answered.trigger-elicitation-request", arguments: {}, wait_seconds: 20 })), /Ada/);
  });

  test("a question that nobody can be asked is declined where the entry says so", async () => {
    assert.match(textOf(await home.call("call_tool", { tool: "declined.trigger-elicitation-request", arguments: {}, wait_seconds: 20 })), /declined/);
  });

  test("a question that nobody can be asked ends the call with its words", async () => {
    const answer = await home.run(["call", "call_tool", "--json", "--args", JSON.stringify({ tool: "unanswered.trigger-elicitation-request", arguments: {}, wait_seconds: 20 })]);
    assert.match(answer.stdout + answer.stderr, /Please provide inputs/);
  });

  test("a tool that runs as a task is followed to its end and its question answered", async () => {
    const answer = await home.call("call_tool", { tool: "answered.simulate-research-query", arguments: { topic: "bells", ambiguous: true }, wait_seconds: 30 });
    assert.match(textOf(answer), /bells/);
    assert.match(textOf(answer), /succeeded/);
  });
});

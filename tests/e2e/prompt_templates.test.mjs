// Prompt templates from files to real clients: versions, what a bad file does, and who is told.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { answered, clients, Home, refused, root, until, withClient } from "./lib.mjs";

const home = new Home({}, { CARILLON_LLM_ENDPOINT: "stub:" });
const directory = path.join(home.environment.CARILLON_HOME, "prompts");
mkdirSync(directory);
const write = (name, text) => writeFileSync(path.join(directory, name), text);
const greeting = (words) => `---\ndescription: Greets somebody.\nrequired name: Whom.\noptional tone: How.\n---\n${words} \${params.name}, \${params.tone || 'kindly'}.\n`;
const versions = (daemon) => [...daemon.errors.matchAll(/"msg":"a prompt template has another version","ctx":(\{[^}]*\})/g)].map((found) => JSON.parse(found[1])).map(({ prompt, version }) => `${prompt}@${version}`);

after(() => home.end());

test("good files become prompts of every client and a bad one is named with its line", async () => {
  write("greet.md", greeting("Hello"));
  write("broken.md", "---\ndescription: x\n---\nfirst\n${params.nobody}\n");
  const daemon = await home.serve();
  assert.deepEqual(versions(daemon), ["follow_up@1", "greet@1", "weekday_briefing@1"]);
  assert.ok(daemon.errors.includes(`${path.join(directory, "broken.md")}:5: `), daemon.errors);
  for (const kind of await clients()) {
    const client = await kind.connect(home);
    const { prompts } = await client.listPrompts();
    const names = prompts.map((prompt) => prompt.name);
    assert.ok(names.includes("greet") && names.includes("follow_up") && names.includes("weekly_report") && !names.includes("broken"), names.join());
    assert.deepEqual(prompts.find((prompt) => prompt.name === "greet"), { name: "greet", description: "Greets somebody.",
      arguments: [{ name: "name", description: "Whom.", required: true }, { name: "tone", description: "How.", required: false }] });
    const got = await client.getPrompt({ name: "greet", arguments: { name: "${now} Ann" } });
    assert.equal(got.description, "Greets somebody.");
    assert.deepEqual(got.messages, [{ role: "user", content: { type: "text", text: "Hello ${now} Ann, kindly." } }], kind.name);
    await assert.rejects(client.getPrompt({ name: "greet", arguments: {} }), /needs the argument name/);
    await assert.rejects(client.getPrompt({ name: "gret", arguments: {} }), /greet/);
    assert.match((await client.getPrompt({ name: "follow_up", arguments: { people: "Ann: the invoice" } })).messages[0].content.text, /Ann: the invoice/);
    await client.close();
  }
  const doctor = await home.run(["doctor"]);
  assert.match(doctor.stdout, /FAIL +prompt template +.*broken\.md:5: /);
});

test("steps name templates as docs/prompt-templates.md shows, and one that is missing is refused when it is saved", async () => {
  const [, text] = readFileSync(path.join(root, "docs/prompt-templates.md"), "utf8").match(/```json\n(.*?)```/s);
  const task = JSON.parse(text);
  for (const [n, kind] of (await clients()).entries())
    await withClient(home, kind, async (call) => {
      const name = `${task.name}-${n}`;
      await answered(call("schedule_task", { ...task, name }));
      const { run } = await answered(call("run_now", { task: name }));
      const detail = await until(async () => {
        const now = await answered(call("get_run", { run, include: ["output"] }));
        return !["queued", "running"].includes(now.status) && now;
      }, `${run} to end`);
      assert.equal(detail.status, "succeeded", JSON.stringify(detail));
      assert.match(JSON.stringify(detail.output), /stub: Hello Ann, kindly\./);
      const other = structuredClone(task.steps);
      other[0].with.template = "gret";
      for (const [tool, args] of [["schedule_task", { name: `${name}-x`, when: "manual", steps: other }], ["save_pipeline", { name: `${name}-x`, steps: other }], ["update_task", { task: name, steps: other }]])
        assert.match(await refused(call(tool, args)), /no prompt template.*did you mean.*greet.*\/steps\/0\/with\/template/s);
      other[0].with = { template: "greet", params: { nam: "Ann" } };
      assert.match(await refused(call("save_pipeline", { name: `${name}-x`, steps: other })), /\/steps\/0\/with\/params/);
      assert.equal((await answered(call("list_pipelines", { query: `${name}-x` }))).total, 0);
    });
});

test("another start writes nothing, another text a version, and a file that is gone or went bad takes nothing with it", async () => {
  const ask = async (name, args) => {
    const client = await (await clients())[0].connect(home);
    try { return (await client.getPrompt({ name, arguments: args })).messages[0].content.text; } finally { await client.close(); }
  };
  await home.run(["stop"]);
  assert.deepEqual(versions(await home.serve()), []);
  await home.run(["stop"]);
  write("greet.md", greeting("Good day"));
  assert.deepEqual(versions(await home.serve()), ["greet@2"]);
  assert.equal(await ask("greet", { name: "Ann", tone: "dryly" }), "Good day Ann, dryly.");
  await home.run(["stop"]);
  write("greet.md", "oops");
  assert.deepEqual(versions(await home.serve()), []);
  assert.equal(await ask("greet", { name: "Ann" }), "Good day Ann, kindly.");
  await home.run(["stop"]);
  rmSync(path.join(directory, "greet.md"));
  assert.deepEqual(versions(await home.serve()), []);
  assert.equal(await ask("greet", { name: "Ann" }), "Good day Ann, kindly.");
  await home.run(["stop"]);
  write("greet.md", "---\ndescription: Greets nobody any more.\nretired: true\n---\n");
  assert.deepEqual(versions(await home.serve()), ["greet@3"]);
  await assert.rejects(ask("greet", { name: "Ann" }), /no prompt/);
  await home.call("set_task_state", { tasks: ["greeting-0"], state: "paused" });
  await assert.rejects(home.call("set_task_state", { tasks: ["greeting-0"], state: "active" }), /task greeting-0: there is no prompt template/);
});

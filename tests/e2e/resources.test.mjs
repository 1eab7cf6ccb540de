// Resources, subscriptions, prompts and completion of the product, through both official clients, over stdio and HTTP,
// in both eras of MCP; and a change that another process makes is told too.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clients, Home, load, standIn, textOf, until } from "./lib.mjs";

const all = await clients();
const { ResourceUpdatedNotificationSchema } = await load("@modelcontextprotocol/sdk/types.js");
let home;

before(async () => {
  home = new Home({ stand: standIn() });
  await home.serve();
  await home.call("schedule_task", { name: "a b/c", when: "weekdays at 07:30", message: "Stand up" });
});
after(() => home.end());

const isModern = (kind) => kind.name.startsWith("v2 auto");

// Subscribes as the era has it; the URIs of the updates are pushed into `told`.
async function watch(kind, client, uris, told) {
  const note = (notification) => { told.push(notification.params.uri); };
  if (kind.name.startsWith("v1")) client.setNotificationHandler(ResourceUpdatedNotificationSchema, note);
  else client.setNotificationHandler("notifications/resources/updated", note);
  if (isModern(kind)) {
    const subscription = await client.listen({ resourceSubscriptions: uris });
    assert.deepEqual(subscription.honoredFilter.resourceSubscriptions, uris);
  } else {
    for (const uri of uris) await client.subscribeResource({ uri });
  }
}

for (const kind of all) {
  test(`${kind.name}: lists and reads resources`, async () => {
    const client = await kind.connect(home);
    const { resources } = await client.listResources();
    const uris = resources.map((resource) => resource.uri);
    assert.ok(uris.includes("status://now") && uris.includes("docs://when"), uris.join(" "));
    const task = resources.find((resource) => resource.name === "a b/c");
    const { contents } = await client.readResource({ uri: task.uri });
    assert.equal(JSON.parse(contents[0].text).runs.message, "Stand up");
    const next = await client.readResource({ uri: `${task.uri}/next` });
    assert.deepEqual(next.contents.map((block) => block.mimeType), ["application/json", "text/calendar"]);
    const { resourceTemplates } = await client.listResourceTemplates();
    assert.ok(resourceTemplates.some((template) => template.uriTemplate === "run://{id}/log"));
    const missing = await client.readResource({ uri: "task://nothing" }).catch((error) => error);
    if (kind.name.startsWith("v1")) assert.equal(missing.code, -32002);
    else assert.equal(missing.constructor.name, "ResourceNotFoundError");
    await client.close();
  });

  test(`${kind.name}: is told when a watched run ends`, async () => {
    const client = await kind.connect(home);
    const name = `held by ${kind.name}`;
    await home.call("schedule_task", { name, when: "manual", tool: "stand.sleep", arguments: { ms: 300 } });
    const started = await client.callTool({ name: "run_now", arguments: { task: name } });
    const { run } = started.structuredContent;
    const uri = `run://${encodeURIComponent(run)}`;
    const told = [];
    await watch(kind, client, [uri], told);
    await until(() => told.includes(uri), `${kind.name} to be told of ${run}`);
    await until(async () => JSON.parse((await client.readResource({ uri })).contents[0].text).status === "succeeded", "the end of the run");
    const log = await client.readResource({ uri: `${uri}/log` });
    assert.match(log.contents[0].text, /began[\s\S]*succeeded/);
    await client.close();
  });

  test(`${kind.name}: gets prompts and completes their arguments`, async () => {
    const client = await kind.connect(home);
    const { prompts } = await client.listPrompts();
    assert.ok(prompts.some((prompt) => prompt.name === "explain_failure" && prompt.arguments[0].required));
    const plan = await client.getPrompt({ name: "plan_automation", arguments: { goal: "water the plants", when: "every day at 08:00" } });
    assert.match(plan.messages[0].content.text, /water the plants[\s\S]*08:00/);
    await assert.rejects(client.getPrompt({ name: "explain_failure" }), (error) => error.code === -32602);
    const zones = await client.complete({ ref: { type: "ref/prompt", name: "plan_automation" }, argument: { name: "timezone", value: "Europe/Ber" } });
    assert.deepEqual(zones.completion.values, ["Europe/Berlin"]);
    const tasks = await client.complete({ ref: { type: "ref/resource", uri: "task://{name}" }, argument: { name: "name", value: "a b" } });
    assert.deepEqual(tasks.completion.values, ["a b/c"]);
    await client.close();
  });
}

test("a run that another process finishes is told", async () => {
  const [kind] = all.filter((each) => each.name === "v2 auto stdio");
  const client = await kind.connect(home);
  await home.call("schedule_task", { name: "elsewhere", when: "manual", tool: "stand.sleep", arguments: { ms: 10 } });
  // A second worker shares the shards; whichever of the two gets a run, its end is told.
  const worker = home.start(["worker"]);
  await until(() => worker.errors.includes('"ready"'), "the second worker");
  const told = [];
  await watch(kind, client, ["task://elsewhere"], told);
  for (let round = 0; round < 3; ++round) {
    told.length = 0;
    const run = await home.call("run_now", { task: "elsewhere", wait_seconds: 20 });
    assert.equal(run.status, "succeeded", JSON.stringify(run));
    await until(() => told.length > 0, "the task's change to be told");
  }
  await client.close();
});

test("an output of five megabytes arrives as an extract and a link", async () => {
  const length = 4_900_000;
  const kind = all.find((each) => each.name === "v2 auto http");
  const client = await kind.connect(home);
  const call = await client.callTool({ name: "call_tool", arguments: { tool: "stand.big", arguments: { bytes: length }, wait_seconds: 30 } });
  assert.ok(JSON.stringify(call).length < 6_000, `${JSON.stringify(call).length} characters`);
  const link = call.content.find((block) => block.type === "resource_link");
  assert.match(link.uri, /^run:\/\/call%23\d+\/output$/);
  assert.match(textOf(call), new RegExp(link.uri));
  assert.equal(call.structuredContent.output.length, 601);
  const { contents } = await client.readResource({ uri: link.uri });
  assert.ok(contents[0].text.length >= length, `${contents[0].text.length}`);
  await client.close();
});

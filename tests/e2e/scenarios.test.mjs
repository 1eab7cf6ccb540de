// Scenarios of people that have no file of their own (spec, scenarios): each by every client, over stdio and HTTP, in both eras.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clients, Home, textOf, until } from "./lib.mjs";

const all = await clients();
let home;

before(async () => {
  home = new Home();
  await home.serve();
});
after(() => home.end());

const over = async (kind, work) => {
  const client = await kind.connect(home);
  try { return await work((name, args) => client.callTool({ name, arguments: args })); } finally { await client.close(); }
};

for (const kind of all) {
  const other = all[(all.indexOf(kind) + 1) % all.length];
  const slug = kind.name.replaceAll(" ", "-");

  test(`the same request from ${kind.name} and ${other.name} at once makes one task (E5)`, async () => {
    const wanted = { name: `tidy-${slug}`, when: "every day at 09:00", tool: "carillon.echo", arguments: { message: slug } };
    const answers = await Promise.all([kind, other].map((each) => over(each, (call) => call("schedule_task", wanted))));
    for (const answer of answers) assert.ok(!answer.isError, textOf(answer));
    assert.deepEqual(answers.map((answer) => answer.structuredContent.result).sort(), ["created", "unchanged"]);

    await over(kind, async (call) => {
      const taken = await call("schedule_task", { ...wanted, when: "every day at 10:00" });
      assert.ok(taken.isError);
      assert.match(textOf(taken), /name_taken/);
      assert.match(textOf(taken), /09:00/);  // what is saved
      assert.match(textOf(taken), /10:00/);  // what was asked
      const twin = await call("schedule_task", { ...wanted, name: `twin-${slug}` });
      assert.equal(twin.structuredContent.result, "created");
      assert.match(JSON.stringify(twin.structuredContent.similar), new RegExp(`tidy-${slug}`));
      const { tasks } = (await call("list_tasks", { query: slug })).structuredContent;
      assert.equal(tasks.length, 2);
    });
  });

  test(`a reminder comes, is put off and comes again for ${kind.name} (E1)`, async () => {
    const task = `check-${slug}`;
    await over(kind, async (call) => {
      const succeeded = (count) => until(async () => {
        const { runs } = (await call("list_runs", { task })).structuredContent;
        return runs.filter((run) => run.status === "succeeded").length === count;
      }, `run ${count} of ${task}`);
      const saved = await call("schedule_task", { name: task, when: "in 1s", message: "Check the build" });
      assert.ok(!saved.isError, textOf(saved));
      await succeeded(1);
      assert.match(textOf(await call("get_task", { task })), /done/);
      const later = await call("snooze", { run: `${task}#1`, for: "1s" });
      assert.ok(!later.isError, textOf(later));
      await succeeded(2);
      assert.match(textOf(await call("get_run", { run: `${task}#2` })), /Check the build/);
      assert.match(textOf(await call("get_task", { task })), /done/);
    });
  });
}

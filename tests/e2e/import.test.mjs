// `carillon import tasks`, `pipelines` and `crontab` through the real program: task files as Ordinaut writes them run as they are, against servers of their
// own, and what is imported again, differs or is wrong is told row by row.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { answered, clients, Home, node, root, until, withClient } from "./lib.mjs";

const here = path.join(root, "tests/e2e");
const files = ["weekday_briefing", "email_follow_up"].map((name) => path.join(here, "ordinaut", `${name}.json`));
let home, journal;

const calls = () => (existsSync(journal) ? readFileSync(journal, "utf8").trim().split("\n").map((line) => JSON.parse(line)) : []);
const rows = ({ stdout }) => stdout.trim().split("\n");
const file = (name, content) => {
  const written = path.join(home.directory, name);
  writeFileSync(written, typeof content === "string" ? content : JSON.stringify(content));
  return written;
};
const state = (run, wanted) => until(async () => {
  const detail = await home.call("get_run", { run, include: ["steps", "output"] });
  return wanted.includes(detail.status) && detail;
}, `${run} to be ${wanted}`);
const ended = (run) => state(run, ["succeeded", "failed", "unknown", "cancelled"]);

before(async () => {
  home = new Home({}, { CARILLON_LLM_ENDPOINT: "stub:", CARILLON_SCRIPT_PROGRAMS: "/usr/bin/wc,/usr/bin/printf" });
  journal = path.join(home.directory, "calls.jsonl");
  const servers = Object.fromEntries(["google-calendar-mcp", "weather-mcp", "telegram-mcp", "imap-mcp", "gmail-mcp"]
    .map((name) => [name, { command: node, args: [path.join(here, "office_server.mjs"), name, journal] }]));
  writeFileSync(path.join(home.environment.CARILLON_HOME, "servers.json"), JSON.stringify({ mcpServers: servers }));
  await home.serve();
});
after(() => home.end());

test("Ordinaut's files are created once, and a dry run saves nothing", async () => {
  const dry = await home.run(["import", "tasks", "--dry-run", ...files]);
  assert.equal(dry.code, 0, dry.stdout + dry.stderr);
  assert.match(dry.stdout, /^created +Weekday briefing .*weekday_briefing\.json: next \w{3} .* 08:30/m);
  assert.match(dry.stdout, /^2 created; nothing was saved$/m);
  assert.equal((await home.call("list_tasks")).total, 0);
  const first = await home.run(["import", "tasks", ...files]);
  assert.equal(first.code, 0, first.stdout + first.stderr);
  assert.equal(rows(first).at(-1), "2 created");
  assert.doesNotMatch(first.stdout, /warning/);
  assert.equal(rows(await home.run(["import", "tasks", ...files])).at(-1), "2 unchanged");
  assert.equal((await home.call("list_tasks")).total, 2);
  const briefing = await home.call("get_task", { task: "Weekday briefing" });
  assert.match(JSON.stringify(briefing), /Europe\/Chisinau/);
  assert.match(JSON.stringify(await home.call("get_task", { task: "E-mail follow-ups" })), /Europe\/Berlin/);  // no zone given: that of this machine
});

test("the weekday briefing runs as the file says, for every client", async () => {
  let first;
  for (const kind of await clients())
    await withClient(home, kind, async (call) => {
      // The file's dedupe_key lets one run begin in half an hour; a repetition of it is none.
      const { run } = first ? await answered(call("retry_run", { run: first })) : await answered(call("run_now", { task: "Weekday briefing" }));
      first ??= run;
      const detail = await ended(run);
      assert.equal(detail.status, "succeeded", JSON.stringify(detail));
      const mine = calls().slice(-3);
      assert.deepEqual(mine.map(({ server, tool }) => `${server}.${tool}`), ["google-calendar-mcp.list_events", "weather-mcp.forecast", "telegram-mcp.send_message"]);
      assert.equal(Date.parse(mine[0].arguments.end) - Date.parse(mine[0].arguments.start), 24 * 3600_000);
      assert.deepEqual(mine[2].arguments, { chat_id: 12345, text: "stub: Write my briefing for today" });
      assert.deepEqual(detail.steps.map(({ step }) => step), ["calendar", "weather", "summarize", "notify"]);
    });
  assert.match(JSON.stringify(await home.call("run_now", { task: "Weekday briefing" })), /duplicate/);
});

test("the follow-ups are sent only if a person approves exactly these", async () => {
  const begin = async () => {
    const { run } = await home.call("run_now", { task: "E-mail follow-ups" });
    return await state(run, ["waiting", "failed"]);
  };
  const before = calls().length;
  const approved = await begin();
  const [approval] = approved.approvals;
  assert.equal(approval.message, "Review 2 follow-ups");
  assert.deepEqual(approval.arguments.items.map(({ to }) => to), ["ann@example.com", "bo@example.com"]);
  assert.deepEqual(approval.by, ["person"]);
  assert.deepEqual(calls().slice(before).map(({ tool }) => tool), ["find_outbound_without_reply"]);
  await home.call("respond_to_run", { run: approved.run, response: "approve" });
  assert.equal((await ended(approved.run)).status, "succeeded");
  const sent = calls().at(-1);
  assert.equal(sent.tool, "send_followups");
  assert.deepEqual(sent.arguments.drafts, approval.arguments.items);
  const rejected = await begin();
  await home.call("respond_to_run", { run: rejected.run, response: "reject", comment: "not today" });
  const detail = await ended(rejected.run);
  assert.equal(detail.status, "succeeded");
  assert.equal(detail.steps.find(({ step }) => step === "send_approved").status, "skipped");
  assert.equal(calls().filter(({ tool }) => tool === "send_followups").length, 1);
});

test("what differs is refused unless it is to be updated, and what is wrong is named with its place in the file", async () => {
  const original = JSON.parse(readFileSync(files[1], "utf8"));
  const other = file("other.json", { ...original, schedule_expr: "0 11 * * *" });
  const taken = await home.run(["import", "tasks", other]);
  assert.equal(taken.code, 1);
  assert.match(taken.stdout, /^refused +E-mail follow-ups +.*other\.json: \/title: there is another task/m);
  assert.match((await home.run(["import", "tasks", "--update", other])).stdout, /^updated +E-mail follow-ups .*11:00/m);
  const steps = structuredClone(original);
  steps.title = "Wrong tool";
  steps.payload.pipeline[3].uses = "gmail-mcp.send_follow_ups";
  const list = file("list.json", { items: [{ ...original, title: "Good one" }, steps, { ...original, title: "Gone", status: "canceled" }, { ...original, title: "Waits", status: "paused" }, 7], total: 6, has_more: true });
  const mixed = await home.run(["import", "tasks", list]);
  assert.equal(mixed.code, 1);
  assert.match(mixed.stdout, /^created +Good one +.*list\.json\/items\/0/m);
  assert.match(mixed.stdout, /^refused +Wrong tool +.*list\.json\/items\/1: \/payload\/pipeline\/3\/uses: .*send_followups/m);
  assert.match(mixed.stdout, /^refused +Gone .*\/status: the task was canceled/m);
  assert.match(mixed.stdout, /^created +Waits /m);
  assert.match(mixed.stdout, /^refused .*items\/4: an item is an object/m);
  assert.match(mixed.stdout, /^refused .*only 5 of 6 tasks/m);
  assert.equal(rows(mixed).at(-1), "2 created, 4 refused");
  const names = (await home.call("list_tasks", { limit: 50 })).tasks.map(({ task, state }) => `${task} ${state}`);
  assert.ok(names.includes("Waits paused") && names.includes("Good one active"), names.join());
  assert.ok(!names.some((name) => name.startsWith("Wrong") || name.startsWith("Gone")), names.join());
  const broken = await home.run(["import", "tasks", file("broken.json", '{"title": "x",'), path.join(home.directory, "none.json")]);
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /broken\.json.*none\.json.* cannot be read/s);
});

test("our own tasks and pipelines come from files and from stdin", async () => {
  const pipeline = file("brief.json", { name: "brief", inputs: { type: "object", properties: { city: { type: "string", default: "Oslo" } } },
    steps: [{ id: "weather", uses: "weather-mcp.forecast", with: { city: "${input.city}" } }] });
  assert.equal(rows(await home.run(["import", "pipelines", "--dry-run", pipeline])).at(-1), "1 created; nothing was saved");
  assert.equal((await home.call("list_pipelines")).total, 0);
  assert.equal(rows(await home.run(["import", "pipelines", pipeline])).at(-1), "1 created");
  assert.equal(rows(await home.run(["import", "pipelines", pipeline])).at(-1), "1 unchanged");
  const tasks = JSON.stringify([{ name: "own", when: "manual", pipeline: "brief" }, { name: "own2", when: "every 5m", message: "hi" }, { name: "own3", when: "never ever", message: "x" }]);
  const own = await home.run(["import", "tasks"], { input: tasks });
  assert.match(own.stdout, /^refused +own3 +stdin\/2: \/when: /m);
  assert.equal(rows(own).at(-1), "2 created, 1 refused");
  assert.equal((await ended((await home.call("run_now", { task: "own" })).run)).status, "succeeded");
});

test("a crontab's programs become script steps, and what needs a shell is refused line by line", async () => {
  const crontab = file("crontab", ["SHELL=/bin/sh", "CRON_TZ=Asia/Tokyo", "# counts", "30 7 * * 1-5 wc -w%one two%three", "@daily /usr/bin/printf '%s'", "0 1 * * * /usr/bin/printf '\\%s-\\%s' a \"b c\"",
    "0 2 * * * /usr/bin/find / | wc -l", "0 3 * * * /usr/bin/env", "@reboot /usr/bin/wc", "0 25 * * * /usr/bin/wc"].join("\n"));
  const first = await home.run(["import", "crontab", crontab]);
  assert.equal(first.code, 1);
  const said = rows(first);
  assert.match(said[0], /^left out +.*crontab:1: SHELL is not handed on/);
  assert.match(said[1], /^created +cron-wc +.*crontab:4: next .*07:30/);
  assert.match(said[2], /^refused +.*crontab:5: a quotation mark is never closed/);  // a bare % ends the command
  assert.match(said[3], /^created +cron-printf +.*crontab:6/);
  assert.match(said[4], /^refused +.*crontab:7: .*`\|`/);
  assert.match(said[5], /^refused +cron-env +.*crontab:8: \/steps\/0\/script\/command\/0: must be one of "\/usr\/bin\/wc"/);
  assert.match(said[6], /^refused +.*crontab:9: @reboot/);
  assert.match(said[7], /^refused +cron-wc-2 +.*crontab:10: \/when: /);
  assert.equal(said.at(-1), "2 created, 1 left out, 5 refused");
  assert.match(rows(await home.run(["import", "crontab", crontab])).at(-1), /^1 left out, 5 refused, 2 unchanged$/);
  const detail = await ended((await home.call("run_now", { task: "cron-wc" })).run);
  assert.equal(detail.status, "succeeded", JSON.stringify(detail));
  assert.match(JSON.stringify(detail.output), /"stdout":"3\\n"/);
  assert.match(JSON.stringify(await home.call("get_task", { task: "cron-wc" })), /Asia\/Tokyo/);
  const users = `0 4 * * * ${os.userInfo().username} /usr/bin/wc -l\n0 5 * * * nobodyelse /usr/bin/wc -c\n`;
  const system = await home.run(["import", "crontab", "--users", "--update"], { input: users });
  assert.match(system.stdout, /^updated +cron-wc +stdin:1/m);
  assert.match(system.stdout, /^refused +.*stdin:2: cron runs it as nobodyelse/m);
});

test("words that mean nothing are told before anything is opened", async () => {
  for (const words of [["import"], ["import", "cronjobs"], ["import", "tasks", "--users"], ["import", "servers", "--update"]])
    assert.equal((await home.run(words)).code, 2, words.join(" "));
});

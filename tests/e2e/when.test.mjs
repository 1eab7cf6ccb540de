// `carillon when`: the whole corpora through the real program, random rules beside an independent library, and the
// examples of docs/when.md.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Home, program, root } from "./lib.mjs";

const corpus = (name) => JSON.parse(readFileSync(path.join(root, "tests/corpora", `${name}.json`), "utf8")).cases;
const rules = ["rfc5545", "rules", "dst", "subdaily-dst", "window", "never", "misc"].flatMap((name) => corpus(`rrule/${name}`));
const lines = ["standard", "dst", "extensions"].flatMap((name) => corpus(`cron/${name}`));

// The answers to a list of questions; no daemon, no database, a home that is not even there.
async function ask(questions) {
  const home = new Home();
  try {
    const { code, stdout, stderr } = await home.run(["when", "--batch"], { input: questions.map((one) => (typeof one === "string" ? one : JSON.stringify(one)) + "\n").join("") });
    assert.equal(code, 0, stderr);
    return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  } finally { await home.end(); }
}

function check(one, expected, answer) {
  const got = answer.error?.code === "never_fires" ? [] : answer.next;
  assert.deepEqual(got, expected, `${one.id}: ${one.rrule ?? one.cron} ${JSON.stringify(answer)}`);
  // leap-006 (optional) calls a rule complete that comes again in 2800.
  if (one.complete !== undefined && !one.optional && !answer.error) assert.equal(answer.complete, one.complete, one.id);
}

test("every case of the corpora is answered as expected", async () => {
  const questions = [...rules, ...lines, ...lines.filter((one) => one.expected_shift).map((one) => ({ ...one, gap: "shift", expected: one.expected_shift }))];
  const answers = await ask(questions);
  assert.equal(answers.length, questions.length);
  questions.forEach((one, i) => check(one, one.expected_elapsed ?? one.expected, answers[i]));
  assert.equal(rules.length, 680);
  assert.equal(lines.length, 321);
});

test("every refusal of the corpora is refused with a code, a message and a position", async () => {
  const invalid = [...corpus("rrule/invalid"), ...corpus("cron/invalid")];
  const answers = await ask(invalid);
  invalid.forEach((one, i) => {
    if (one.level === "must") assert.ok(answers[i].error, `${one.id}: ${JSON.stringify(one)} ${JSON.stringify(answers[i])}`);
    if (answers[i].error === undefined) return;
    assert.equal(typeof answers[i].error.message, "string");
    assert.ok(answers[i].error.position <= (one.rrule ?? one.cron).length, one.id);
  });
  assert.equal(invalid.length, 81 + 58);
});

test("a question that is wrong is answered in its own line", async () => {
  const cron = "0 9 * * *";
  const answers = await ask([
    { when: "every day at 02:30", tzid: "Europe/Berlin", after: "2027-03-27T12:00:00Z", limit: 2, gap: "earliest_after" },
    { when: "every day at 02:30", tzid: "Europe/Berlin", after: "2027-10-30T12:00:00Z", limit: 2, overlap: "both" },
    { when: "30m", after: "2026-11-20T13:00:00Z" },
    '{"cron": nonsense}', "[1]", "   ",
    { cron, rrule: "FREQ=DAILY" }, { cron, tzid: "Europe/Berln" }, { cron, after: "soon" }, { cron, limit: 0 }, { cron, gap: "jump" }, { cron: 5 },
    { rrule: "FREQ=DAILY", dtstart: "yesterday" }, { rrule: "FREQ=DAILY;COUNT=x" }, { rrule: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30" },
    { rrule: "FREQ=DAILY;COUNT=2", dtstart: "2026-11-20T09:00", tzid: "Asia/Tokyo", exdate: "2026-11-20T09:00:00", rdate: ["20261125T000000"], after: "2026-11-20T00:00:00Z", limit: 9 },
    { when: "manual" }, { when: "on event a.b" }, { when: "every 15m", after: "2026-11-20T13:00:00Z", limit: 1 },
    `{"cron": "${cron}", "limit": ${"[".repeat(400_000)}${"]".repeat(400_000)}}`, `{"cron": "${cron}", "limit": 1e999}`, `{"cron": "${"x".repeat(1 << 20)}"}`,
  ]);
  assert.deepEqual(answers.slice(18).map((answer) => [answer.error.code, answer.error.message]), [["arguments_invalid", "this line nests deeper than 128 levels"],
    ["arguments_invalid", "this line holds a number that is out of range"], ["too_large", "a line has at most 1048576 bytes"]]);
  const at = (i) => answers[i].next;
  assert.deepEqual(at(0), ["2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00"]);
  assert.deepEqual(at(1), ["2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00"]);
  assert.deepEqual([answers[2].error.code, answers[2].error.position], ["when_ambiguous", 0]);
  assert.deepEqual([answers[3].error.code, answers[3].error.position], ["arguments_invalid", 10]);
  assert.equal(answers[4].error.code, "arguments_invalid");
  const refusals = answers.slice(5, 14).map((answer) => answer.error?.code);
  assert.deepEqual(refusals, ["arguments_invalid", "unknown_zone", ...Array(6).fill("arguments_invalid"), "never_fires"]);
  assert.equal(answers[12].error.position, 17);
  assert.deepEqual(answers[14], { next: ["2026-11-21T09:00:00+09:00", "2026-11-25T00:00:00+09:00"], complete: true });
  assert.deepEqual(answers[15], { next: [], complete: true });
  assert.deepEqual(answers[16], { next: [], complete: false });
  assert.deepEqual(at(17), ["2026-11-20T13:15:00+00:00"]);
});

test("a rule that never fires is refused within 50 ms, the start of the program included many times over", async () => {
  const never = corpus("rrule/never");
  const begin = performance.now();
  await ask(never);
  // An unoptimised, instrumented program is some ten times slower.
  assert.ok(performance.now() - begin < 500 * never.length, `${performance.now() - begin} ms for ${never.length} rules`);
});

test("random rules expand as python-dateutil expands them", async () => {
  const count = process.env.CARILLON_SOAK === "1" ? "100000" : "1000";
  const { code, output } = await new Promise((resolve) => execFile("python3", [path.join(root, "tests/differential/rrule_differential.py"), program, "--count", count],
    { maxBuffer: 64 << 20 }, (error, stdout, stderr) => resolve({ code: error ? error.code : 0, output: stdout + stderr })));
  assert.equal(code, 0, output);
  console.log(output.trim());
});

// ```console blocks of docs/when.md: "$ carillon when …" and what it prints, distances left aside: they depend on now.
test("the commands of docs/when.md print what it shows", async () => {
  const page = readFileSync(path.join(root, "docs/when.md"), "utf8");
  const blocks = [...page.matchAll(/```console\n\$ carillon ([\s\S]*?)```/g)].map(([, block]) => block.split("\n"));
  assert.ok(blocks.length >= 4);
  const home = new Home();
  const untimed = (text) => text.trimEnd().replace(/ \((in [^)]*|[^)]* ago|now)\)/g, "").replace(/"distance": "[^"]*"/g, "").replace(/ +$/gm, "");
  try {
    for (const [command, ...shown] of blocks) {
      const [line, input] = command.split(/ <<< /);
      const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((word) => word[1] ?? word[2]);
      const answer = await home.run(words, { input: input ? input.replace(/^'|'$/g, "") + "\n" : "" });
      assert.equal(untimed(answer.stdout + answer.stderr), untimed(shown.join("\n")), command);
    }
  } finally { await home.end(); }
});

// `carillon expr` and `carillon schema check`: the official suites through the real program, what people see at a
// terminal, and lines that are wrong; no daemon, no database.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, describe, test } from "node:test";
import { Home, program, root } from "./lib.mjs";

const home = new Home();
after(() => home.end());
const corpora = process.env.CARILLON_CORPORA ?? path.join(root, "../shared/corpora");
const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const jsonFiles = (folder) => readdirSync(folder).filter((name) => name.endsWith(".json")).map((name) => path.join(folder, name));
const below = (folder) => readdirSync(folder).flatMap((name) => {
  const here = path.join(folder, name);
  return statSync(here).isDirectory() ? below(here) : here.endsWith(".json") ? [here] : [];
});
const file = (name, value) => {
  const here = path.join(home.directory, name);
  writeFileSync(here, typeof value === "string" ? value : JSON.stringify(value));
  return here;
};

async function ask(words, questions) {
  const input = questions.map((one) => (typeof one === "string" ? one : JSON.stringify(one)) + "\n").join("");
  const { code, stdout, stderr } = await home.run(words, { input });
  assert.equal(code, 0, stderr);
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}
const evaluate = (questions) => ask(["expr", "--batch"], questions);
const check = (questions) => ask(["schema", "check", "--batch"], questions);

function found(context, corpus) {
  const folder = path.join(corpora, corpus);
  if (existsSync(folder)) return folder;
  if (process.env.CARILLON_CORPORA) assert.fail(`CARILLON_CORPORA has no ${corpus}`);
  console.error(`NOT TESTED: there is no ${folder}; set CARILLON_CORPORA`);
  return context.skip(`there is no ${folder}`);
}

describe("carillon expr", { concurrency: true }, () => {
  test("every case of the JMESPath suite is answered as expected", async (context) => {
    const folder = found(context, "jmespath");
    if (!folder) return;
    const cases = jsonFiles(folder).flatMap((name) => read(name).flatMap((suite) => suite.cases.map((one) => ({ ...one, data: suite.given }))));
    const answers = await evaluate(cases.map(({ expression, data }) => ({ expression, data })));
    assert.equal(answers.length, 908);
    cases.forEach((one, i) => {
      const what = `${one.expression}: ${JSON.stringify(answers[i])}`;
      if (one.error !== undefined) assert.equal(answers[i].error, one.error, what);
      else if (one.result !== undefined) assert.deepEqual(answers[i].result, one.result, what);
      else assert.notEqual(answers[i].error, "syntax", what);
    });
  });

  test("a line that is wrong is answered in its place", async () => {
    const deep = `{"expression":"@","data":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
    const answers = await evaluate([{ expression: "a.b", data: { a: { b: [1, null] } } }, { expression: "a[" }, "{", "   ", "7", { expression: 7 }, deep, '{"expression":"@","data":1e999}',
      { expression: "abs('x')" }, { expression: "sort_by(a, &b)", data: { a: [{ b: 1 }, { b: "x" }] } }, { expression: "nothing(@)" }, { expression: "max()" }]);
    assert.deepEqual(answers[0], { result: [1, null] });
    assert.deepEqual(answers.slice(1).map((one) => one.error),
      ["syntax", "invalid-question", "invalid-question", "invalid-question", "invalid-question", "invalid-question", "invalid-type", "invalid-type", "unknown-function", "invalid-arity"]);
    for (const one of answers.slice(1)) assert.ok(one.message.length > 0 && Number.isInteger(one.position), JSON.stringify(one));
    assert.equal(answers[1].position, 2);
    assert.match(answers[5].message, /nests deeper/);
  });

  test("one expression over a file, and a mark where it is wrong", async () => {
    const people = file("people.json", { people: [{ name: "Ann", age: 41 }, { name: "Bo", age: 7 }] });
    const names = await home.run(["expr", "people[?age > `30`].name", "--input", people]);
    assert.equal(names.code, 0, names.stderr);
    assert.deepEqual(JSON.parse(names.stdout), ["Ann"]);
    assert.equal((await home.run(["expr", "people[1].name", "--input", "-"], { input: readFileSync(people) })).stdout, '"Bo"\n');
    assert.equal((await home.run(["expr", "length('four')"])).stdout, "4\n");
    const wrong = await home.run(["expr", "people[?ä >", "--input", people]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /^carillon: syntax: .*\n {2}people\[\?ä >\n {2} +\^\n$/);
    assert.equal((await home.run(["expr", "a", "--input", "/nowhere.json"])).code, 1);
    assert.match((await home.run(["expr", "a", "--input", file("broken.json", "{")])).stderr, /broken\.json is not JSON/);
    for (const words of [[], ["a", "b"], ["a", "--batch"], ["--batch", "--input", people]]) assert.equal((await home.run(["expr", ...words])).code, 2, words.join(" "));
  });
});

describe("carillon schema check", { concurrency: true }, () => {
  for (const [draft, name, formatsOfIt] of [["2020-12", "draft2020-12", 13], ["draft7", "draft7", 11]]) {
    test(`every required case of ${name} is answered as expected, and the formats that are listed`, async (context) => {
      const folder = found(context, "json-schema");
      if (!folder) return;
      const documents = Object.fromEntries([
        ...below(path.join(folder, "remotes")).map((one) => [`http://localhost:1234/${path.relative(path.join(folder, "remotes"), one)}`, read(one)]),
        ...below(path.join(folder, "metaschemas")).map((one) => read(one)).map((one) => [one.$id, one])]);
      const refersElsewhere = /localhost:1234|"\$(ref|dynamicRef)":"https?:/;  // the documents are large
      const questions = (files, more) => files.flatMap((one) => read(one).flatMap((group) => group.tests.map((each) => ({
        question: { schema: group.schema, instance: each.data, draft, ...(refersElsewhere.test(JSON.stringify(group.schema)) && { documents }), ...more },
        valid: each.valid, what: `${path.basename(one)}: ${group.description}: ${each.description}` }))));
      const tests = path.join(folder, "tests", name);
      const formats = ["date-time", "date", "time", "duration", "email", "uri", "uri-reference", "uuid", "ipv4", "ipv6", "hostname", "json-pointer", "regex"]
        .map((one) => path.join(tests, "optional/format", `${one}.json`)).filter(existsSync);
      assert.equal(formats.length, formatsOfIt);
      const cases = [...questions(jsonFiles(tests), {}), ...questions(formats, { formats: "assert" })];
      const answers = await check(cases.map((one) => one.question));
      assert.equal(answers.length, cases.length);
      cases.forEach((one, i) => {
        assert.equal(answers[i].valid, one.valid, `${one.what}: ${JSON.stringify(answers[i])}`);
        assert.equal(answers[i].errors.length === 0, one.valid, one.what);
      });
    });
  }

  test("violations say where and what to change, and a question that is wrong is answered in its place", async () => {
    const schema = { type: "object", properties: { n: { type: "integer", minimum: 1 }, mail: { format: "email" } }, required: ["n"] };
    const answers = await check([{ schema, instance: { n: 1, mail: "x" } }, { schema, instance: { n: 0 } }, { schema, instance: { n: 1, mail: "x" }, formats: "assert" }, { schema: true, instance: 1 },
      "nonsense", "[]", { schema }, { schema: { type: "strin" }, instance: 1 }, { schema, instance: 1, draft: "4" }, { schema: { $ref: "http://elsewhere/x" }, instance: 1 },
      { schema: { $ref: "urn:n" }, instance: "x", documents: { "urn:n": { type: "number" } } }, { schema: true, instance: 1, documents: [] }]);
    assert.deepEqual(answers[0], { valid: true, errors: [] });
    assert.equal(answers[1].valid, false);
    assert.equal(answers[1].errors[0].pointer, "/n");
    assert.equal(answers[2].errors[0].pointer, "/mail");
    assert.equal(answers[3].valid, true);
    assert.deepEqual(answers.slice(4).map((one) => one.error?.pointer ?? null), ["", "", "", "/schema/type", "/draft", "/schema/$ref", null, "/documents"]);
    assert.equal(answers[10].valid, false);
    for (const one of answers) if (one.error) assert.ok(one.error.code && one.error.message, JSON.stringify(one));
  });

  test("two files", async () => {
    const schema = file("schema.json", { type: "array", items: { format: "ipv4" } });
    const words = (...more) => home.run(["schema", "check", schema, ...more]);
    assert.deepEqual(await words(file("good.json", ["1.2.3.4"]), "--formats", "assert"), { code: 0, stdout: "valid\n", stderr: "" });
    const bad = await words(file("bad.json", ["1.2.3.4", "1.2.3"]), "--formats", "assert");
    assert.equal(bad.code, 1);
    assert.match(bad.stdout, /^\/1: /);
    assert.equal((await words(file("bad.json", ["1.2.3"]))).code, 0);
    for (const more of [[], [file("x.json", "{")], [schema, schema], [schema, "--draft", "3"], ["--batch", schema]]) assert.equal((await words(...more)).code, 2, more.join(" "));
    assert.equal((await home.run(["schema"])).code, 2);
  });
});

describe("docs/expressions.md", () => {
  const page = readFileSync(path.join(root, "docs/expressions.md"), "utf8");

  test("its questions are answered as it says", async () => {
    const rows = [...page.matchAll(/^\| `(\{.*\})` \| `(\{.*\})` \|$/gm)].map(([, question, answer]) => ({ question, answer: JSON.parse(answer.replaceAll("…", '"…"')) }));
    assert.equal(rows.length, 4);
    const fits = (wanted, got) => wanted === "…" ? got !== undefined : typeof wanted === "object" && wanted !== null
      ? Object.keys(wanted).length === Object.keys(got).length && Object.entries(wanted).every(([key, each]) => fits(each, got[key])) : wanted === got;
    for (const { question, answer } of rows) {
      const [got] = await (question.includes('"schema"') ? check : evaluate)([question]);
      assert.ok(fits(answer, got), `${question}: ${JSON.stringify(got)}`);
    }
  });

  test("its commands do what it says", () => {
    file("people.json", { people: [{ name: "Ann", age: 41 }, { name: "Bo", age: 7 }] });
    file("schema.json", { type: "string", format: "date" });
    file("value.json", '"2026-11-21"');
    const [[, expr], [, schema]] = [...page.matchAll(/```sh\ncarillon (.*)\n```/g)];
    const run = (command) => spawnSync("sh", ["-c", `"${program}" ${command}`], { cwd: home.directory, env: home.environment, encoding: "utf8" });
    assert.deepEqual(JSON.parse(run(expr).stdout), ["Ann"]);
    assert.equal(run(schema).stdout, "valid\n");
  });
});

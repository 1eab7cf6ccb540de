// Every documented example is run: README's call with its answer, and the examples of the tools' pages.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Home, realServers, root } from "./lib.mjs";

// Days, dates, times, offsets and distances differ from run to run; everything else must be as documented.
const timeless = (text) => text.trim().split("\n").map((line) => line
  .replace(/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{4}-\d\d-\d\d/g, "<day>")
  .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d\d:\d\d|Z)/g, "<instant>")
  .replace(/\b\d\d:\d\d(:\d\d)?\b/g, "<time>")
  .replace(/\(in \d+ s\)/g, "(<distance>)"));

test("README's example answers as it says", async () => {
  const [, block] = readFileSync(path.join(root, "README.md"), "utf8").match(/```\n(schedule_task [\s\S]*?)```/);
  const [call, ...answer] = block.split("\n");
  const home = new Home();
  try {
    writeFileSync(`${home.environment.CARILLON_HOME}/servers.json`, JSON.stringify({ mcpServers: realServers(home.directory) }));
    await home.serve();
    const [tool, args] = [call.slice(0, call.indexOf(" ")), call.slice(call.indexOf(" ") + 1)];
    const { code, stdout, stderr } = await home.run(["call", tool, "--args", args]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(timeless(stdout), timeless(answer.join("\n")));
  } finally { await home.end(); }
});

test("the documents of the repository link to files that exist", () => {
  const pages = ["README.md", ...readdirSync(path.join(root, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)];
  for (const page of pages)
    for (const [, target] of readFileSync(path.join(root, page), "utf8").matchAll(/\]\(([^)#]+?)(?:#[^)]*)?\)/g))
      if (!/^https?:/.test(target)) assert.doesNotThrow(() => readFileSyncOrList(path.join(root, path.dirname(page), target)), `${page}: ${target}`);
});

function readFileSyncOrList(file) {
  try { return readFileSync(file); } catch (error) { if (error.code === "EISDIR") return readdirSync(file); throw error; }
}

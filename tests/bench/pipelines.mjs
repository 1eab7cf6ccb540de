// scripts/bench pipelines: steps per second of whole runs, with a tool of the daemon's own process and with a server on
// stdio, and what expressions, templates and the planner cost beside libraries of other languages.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Home, node, program, until } from "../e2e/lib.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const print = (what, ours, beside = "") => console.log(`${what.padEnd(46)} ${ours.padStart(14)}  ${beside}`);
const rounded = (value) => value >= 1e6 ? `${(value / 1e6).toFixed(2)} M` : value >= 1e4 ? `${(value / 1e3).toFixed(0)} k` : value.toFixed(0);

// What is done on the processor alone.
function alone() {
  const expressions = path.join(here, "pipelines/expressions.json");
  const figures = (command, ...args) => JSON.parse(execFileSync(command, [...args, expressions], { maxBuffer: 1 << 20 }));
  const ours = figures(path.join(path.dirname(program), "tests/bench/pipelines_bench"));
  const peers = { "jmespath (Python)": figures("/usr/bin/python3", path.join(here, "pipelines/jmespath_peer.py")), ...figures(node, path.join(here, "pipelines/peers.mjs")) };
  for (const [name, { results }] of Object.entries(peers)) assert.deepEqual(results, ours.results, `${name} finds the same`);
  for (const [name, what] of [["parsed", "JMESPath, parsed before"], ["texts", "JMESPath, parsed each time"], ["templates", "templates"]]) {
    const beside = Object.entries(peers).filter(([, peer]) => peer[name]).map(([peer, figure]) => `${peer} ${rounded(figure[name])}, ${(ours[name] / figure[name]).toFixed(1)} x`);
    print(`${what}, a second`, rounded(ours[name]), beside.join(" · "));
  }
  for (const [shape, figure] of Object.entries(ours.planner)) print(`planner, ${shape}, a step`, `${(1e6 / figure).toFixed(2)} us`);
}

const step = (tool, id) => ({ id, uses: tool, with: { message: "${now}" } });
const shapes = (tool) => ({
  "5 steps in a row": { runs: 200, steps: 5, definition: ["a", "b", "c", "d", "e"].map((id) => step(tool, id)) },
  "10 side by side": { runs: 100, steps: 10, definition: [{ id: "all", parallel: Array.from({ length: 10 }, (_, n) => step(tool, `b${n}`)) }] },
  "a map of 1,000 items": { runs: 4, steps: 1000, input: { items: Array.from({ length: 1000 }, (_, n) => n) },
    definition: [{ id: "each", map: "${input.items}", max_parallel: 20, do: [step(tool, "one")] }] },
});

// Queues all runs while nothing is dispatched, then lets them go.
async function throughput(home, tool) {
  for (const [name, { runs, steps, definition, input }] of Object.entries(shapes(tool))) {
    const task = `${tool}-${name}`.replaceAll(/[^a-z0-9]+/gi, "-");
    const { http } = await home.status();
    const call = async (which, args) => {
      const answer = await fetch(`${http}/api/v1/tools/${which}`, { method: "POST", body: JSON.stringify(args), headers: { "content-type": "application/json", authorization: `Bearer ${home.token()}` } });
      if (answer.status !== 200) throw new Error(`${which}: ${await answer.text()}`);
      return answer.json();
    };
    await call("schedule_task", { name: task, when: "manual", steps: definition, options: { overlap: "allow" }, ...(input && { input }) });
    await call("run_now", { task, wait_seconds: 45 });  // the server is there, its tools are known
    await call("set_task_state", { all: true, state: "paused", reason: "filling the queue" });
    await Promise.all(Array.from({ length: runs }, () => call("run_now", { task })));
    const left = async () => (await call("list_runs", { task, status: ["queued", "running", "waiting"], limit: 1 })).total;
    const begin = performance.now();
    await call("set_task_state", { all: true, state: "active" });
    await until(async () => (await left()) === 0, `the runs of ${task}`, 300_000);
    const took = (performance.now() - begin) / 1000;
    const { total } = await call("list_runs", { task, status: ["succeeded"], limit: 1 });
    if (total !== runs + 1) throw new Error(`${total} runs of ${task} succeeded, of ${runs + 1}`);
    print(`${name}, ${tool}, steps`, `${rounded((runs * steps) / took)} /s`);
  }
}

export async function pipelines() {
  alone();
  const home = new Home({ stdio: { command: node, args: [path.join(here, "echo_server.mjs")], carillon: { tools: { echo: { effect: "read" } } } } });
  try {
    await home.serve();
    await throughput(home, "carillon.echo");
    await throughput(home, "stdio.echo");
  } finally { await home.end(); }
}

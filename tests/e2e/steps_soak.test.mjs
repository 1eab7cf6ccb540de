// Runs of random steps on two daemons with a server each, while daemons and servers are killed and stopped in their tracks, and while
// somebody tells steps what they wait for, cancels runs and pauses them. Afterwards what the servers wrote down of their calls is what
// the journal of each run says, what was told counts once, and no run is lost. 20 s of it in the normal run, 5 minutes with
// scripts/test --soak.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { clients, standIn } from "./lib.mjs";
import { randomSteps } from "./random_steps.mjs";
import { evidence } from "./steps_evidence.mjs";
import { judge } from "./steps_judge.mjs";
import { Teller } from "./steps_teller.mjs";
import { dice, sleep, TwoDaemons } from "./two_daemons.mjs";

const soak = process.env.CARILLON_SOAK === "1";
const seconds = soak ? 300 : 20, tasks = soak ? 40 : 16;

// The same steps, ups and downs for the same seed, which a failure names; when they meet is up to the machine.
const seed = Number(process.env.CARILLON_SOAK_SEED ?? Date.now() % 1_000_000);
// Each has dice of its own, so that what one of them does when changes nothing for the others.
const random = dice(seed), [gateDice, troubleDice, tellerDice] = [1, 2, 3].map((n) => dice(seed + n * 1_000_003));

const directory = mkdtempSync(path.join(tmpdir(), "carillon-steps-soak-"));
const journal = path.join(directory, "journal.jsonl"), gate = path.join(directory, "gate");
// What stands behind the last line end is just being written.
const written = () => (existsSync(journal) ? readFileSync(journal, "utf8").split("\n").slice(0, -1).map((line) => JSON.parse(line)) : []);
const definitions = new Map();

async function makeTasks(cluster) {
  const client = await (await clients()).find(({ name }) => name === "v2 auto http").connect(cluster.homes[0]);
  const call = async (name, args) => {
    const answer = await client.callTool({ name, arguments: args });
    assert.ok(!answer.isError, `${JSON.stringify(answer.content)} of ${JSON.stringify(args)}`);
  };
  const inputs = { type: "object", required: ["from", "path"], properties: { from: { type: "string" }, path: { type: "string" } } };
  const output = { run: "${run.id}", from: "${input.from}", path: "${input.path}" };
  const pipelines = [];
  for (const name of ["first", "second", "above"]) {
    // The last of them runs the others.
    const steps = randomSteps(random, { gate, most: 3, pipelines: name === "above" ? pipelines : [] });
    definitions.set(name, { steps });
    await call("save_pipeline", { name, steps, inputs, output });
    pipelines.push(name);
  }
  for (let n = 0; n < tasks; ++n) {
    const name = `soak-${n}`, every = 3 + random(3), steps = randomSteps(random, { gate, pipelines });
    definitions.set(name, { steps, every });
    const options = { overlap: "allow", misfire: "skip", ...(random(2) ? { retries: { max_attempts: 4, backoff: "fixed", base: "200ms" } } : {}) };
    await call("schedule_task", { name, when: `every ${every}s`, tags: ["soak"], steps, options });
  }
  await client.close();
}

// Calls that may not be repeated wait for the gate, so that something happens to them while they are under way.
class Gate {
  constructor() { this.over = false; this.turns = this.turn(); }
  async turn() {
    while (!this.over) {
      await sleep(50 + gateDice(350));
      mkdirSync(gate);
      await sleep(30 + gateDice(70));
      rmdirSync(gate);
    }
    mkdirSync(gate);
  }
  async leaveOpen() { this.over = true; await this.turns; }
}

function servers() {
  const pids = written().filter((entry) => entry.event === "start").map((entry) => entry.pid);
  return pids.filter((pid) => { try { return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(journal); } catch { return false; } });
}
const signal = (pid, name) => { try { process.kill(pid, name); } catch { /* it has just gone */ } };

async function trouble(cluster) {
  const begin = Date.now(), happenings = [], stops = [];
  for (let n = 0; n < 6 || Date.now() - begin < seconds * 1000; ++n) {
    await sleep(300 + troubleDice(soak ? 3000 : 1300));
    // The short run sees each of them at least once.
    const what = soak ? troubleDice(6) : n % 6, which = troubleDice(2), alive = servers(), server = alive[troubleDice(Math.max(alive.length, 1))];
    happenings.push(`${((Date.now() - begin) / 1000).toFixed(1)} s: ${["kill", "kill of a server", "stop", "stop of a server", "kill of both", "kill of all servers"][what]} ${which}`);
    if (what === 0) await cluster.kill(which);
    if (what === 1 && server) signal(server, "SIGKILL");
    // Longer than a lease lasts, while the other goes on.
    if (what === 2) stops.push(cluster.stop(which, 2500 + troubleDice(2500)));
    if (what === 3 && server) { signal(server, "SIGSTOP"); stops.push(sleep(300 + troubleDice(3500)).then(() => signal(server, "SIGCONT"))); }
    if (what === 4) await Promise.all([cluster.kill(0), cluster.kill(1)]);
    if (what === 5) for (const pid of alive) signal(pid, "SIGKILL");
    await cluster.mend();
  }
  await Promise.all(stops);
  return happenings;
}

// Waits as long as something moves, however slow the machine is: in vain when the database has answered a thousand times in a row that
// there are runs and not one more row of them.
async function allEnd(cluster) {
  let before = "";
  for (let inVain = 0, unanswered = 0; inVain < 1000 && unanswered < 10_000;) {
    await cluster.mend();
    try {
      const [left, ...rows] = cluster.ask(`SELECT (SELECT count(*) FROM carillon.run_ready) + (SELECT count(*) FROM carillon.run_live),
        (SELECT count(*) FROM carillon.run_history), (SELECT count(*) FROM carillon.step_journal), (SELECT max(finished_at) FROM carillon.step_journal)`).split("|");
      if (left === "0") return;
      inVain = rows.join() === before ? inVain + 1 : 0;
      before = rows.join();
    } catch { ++unanswered; }
    await sleep(100);
  }
  throw new Error(`there are runs that do not end: ${notEnded(cluster)}`);
}

// What they are, with the definitions that make one think.
function notEnded(cluster) {
  const runs = JSON.parse(cluster.ask(`SELECT json_agg(r) FROM (
    SELECT t.name, r.*, (SELECT json_agg(w.step_path || ' waits for ' || w.waits_for) FROM carillon.step_wait w WHERE w.run_id = r.id) AS waits,
      (SELECT json_agg(j.step_path || ' ' || j.state) FROM carillon.step_journal j WHERE j.run_id = r.id) AS rows
    FROM (SELECT id, task_id, number, state, paused_by, undoes, lease_until, wake_at, told FROM carillon.run_live
          UNION ALL SELECT id, task_id, number, 'queued', paused_by, undoes, NULL, run_at, NULL FROM carillon.run_ready) r JOIN carillon.task t USING (task_id)) r`));
  return `CARILLON_SOAK_SEED=${seed}; ${JSON.stringify(runs.map((run) => ({ ...run, steps: definitions.get(run.name).steps })))}`;
}

// Of the first of the daemons that answers.
async function answers(cluster, tool, args) {
  for (;;) {
    await cluster.mend();
    const given = await Promise.all(cluster.homes.map((home) => home.call(tool, args).catch(() => null)));
    const answer = given.find((each) => each !== null);
    if (answer) return answer;
  }
}

// Every slot since a task's first is told of by exactly one row: a run, or why there was none.
function wrongSlots(cluster) {
  const every = `CASE t.name ${[...definitions].filter(([, { every }]) => every).map(([name, { every }]) => `WHEN '${name}' THEN ${every}`).join(" ")} END`;
  return cluster.ask(`
    WITH told AS (SELECT task_id, min(slot) AS first, sum(1 + CASE WHEN slot_until IS NULL THEN 0 ELSE folded END) AS n FROM carillon.run_history WHERE retry = 1 GROUP BY task_id),
    doubled AS (SELECT task_id FROM carillon.run_history WHERE retry = 1 AND slot_until IS NULL GROUP BY task_id, slot HAVING count(*) > 1)
    SELECT t.name, t.created_at, told.first, s.last_slot, told.n FROM carillon.task t JOIN carillon.schedule_state s USING (task_id) LEFT JOIN told USING (task_id)
    WHERE ${every} IS NOT NULL AND (told.n IS DISTINCT FROM extract(epoch FROM s.last_slot - told.first)::bigint / ${every} + 1 OR told.first > t.created_at + interval '1 s' * ${every} OR task_id IN (SELECT task_id FROM doubled))
    UNION ALL SELECT 'a slot without its run', r.slot, r.slot, r.slot, r.run_id FROM carillon.run_slot r LEFT JOIN carillon.run_history h ON h.id = r.run_id WHERE h.id IS NULL`);
}

test("runs of steps do what their journal says while daemons and servers are killed and stopped at random", async (context) => {
  context.diagnostic(`CARILLON_SOAK_SEED=${seed}`);
  const cluster = new TwoDaemons({ pay: standIn("--journal", journal) }, {
    // Shorter ones than in other tests, for more takeovers; and a run that is taken over often is not given up here.
    CARILLON_WORKER_RUN_LEASE: "2s", CARILLON_WORKER_SHARD_EXPIRY: "2s", CARILLON_WORKER_RENEW_EVERY: "400ms", CARILLON_WORKER_TAKEOVERS_MAX: "100",
    CARILLON_WORKER_NETWORK_WAIT: "0s", CARILLON_CATALOG_BREAKER_OPEN: "500ms" });
  const turns = new Gate(), teller = new Teller(cluster, tellerDice);
  try {
    await cluster.start();
    await makeTasks(cluster);
    await teller.start();
    const happenings = await trouble(cluster);
    context.diagnostic(happenings.join("; "));
    await turns.leaveOpen();
    await answers(cluster, "set_task_state", { tag: "soak", state: "paused" });
    teller.hurry();
    await allEnd(cluster);
    await teller.stop();

    const { runs, strays } = evidence(cluster, { definitions: new Map([...definitions].map(([name, { steps }]) => [name, steps])), told: written(), deeds: teller.deeds });
    const count = (list) => JSON.stringify(list.reduce((counts, each) => ({ ...counts, [each]: (counts[each] ?? 0) + 1 }), {}));
    context.diagnostic(`runs ${count(runs.map((run) => run.outcome))}, steps ${count(runs.flatMap((run) => run.rows.map((row) => row.state)))}, calls ${count(runs.flatMap((run) => run.calls.map((call) => call.tool)))}, itself ${count(runs.flatMap((run) => run.deeds.map((deed) => deed.kind)))}`);
    context.diagnostic(`told and asked ${count(teller.deeds.map(({ what, heard }) => `${what} ${heard}`))}, children ${count(runs.filter((run) => run.parent).map((run) => run.outcome))}, `
      + `approvals ${count(runs.flatMap((run) => run.approvals.map(({ outcome }) => outcome)))}, work ${count(runs.flatMap((run) => run.work.map(({ outcome }) => outcome)))}`);
    const judged = runs.map((run) => ({ run, wrong: judge(run) })).filter(({ wrong }) => wrong.length > 0);
    const wrong = judged.flatMap(({ run, wrong }) => wrong.map((what) => `${run.name}#${run.number} (${run.id}): ${what}`));
    assert.deepEqual(wrong, [], `CARILLON_SOAK_SEED=${seed}; ${happenings.join("; ")}; they: ${JSON.stringify(judged.map(({ run }) => run), (key, value) => (key === "parent" ? value?.id : value))}`);
    assert.deepEqual(strays, [], "what belongs to no run that has ended");
    const waits = await Promise.all(["approval", "agent", "event"].map(async (waiting_for) => (await answers(cluster, "list_runs", { waiting_for })).total));
    assert.deepEqual(waits, [0, 0, 0], "what is said to be waited for when all has ended");
    assert.equal(wrongSlots(cluster), "", "tasks whose slots are not told of exactly once");
    assert.deepEqual(cluster.broken, [], "daemons that broke");
    // Nothing is wrong where nothing happens.
    const happened = new Set(runs.flatMap((run) => [...run.calls.map(({ tool }) => tool), ...run.deeds.map(({ kind }) => kind), run.outcome]));
    const missing = ["record", "record_again", "fail", "state", "event", "succeeded", "failed"].filter((what) => !happened.has(what));
    assert.deepEqual(missing, [], "what never happened");
  } finally {
    await turns.leaveOpen();
    await teller.stop();
    await cluster.end();
    rmSync(directory, { recursive: true, force: true });
  }
});

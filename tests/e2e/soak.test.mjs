// Two daemons on one database, a thousand tasks due each second, and whatever can happen to processes: daemons killed and stopped
// in their tracks, PostgreSQL killed and restarted. Afterwards every second of every task is told of by exactly one row: a run, or
// why there was none. 15 s of it in the normal run, 5 minutes with scripts/test --soak.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dice, sleep, TwoDaemons } from "./two_daemons.mjs";

const soak = process.env.CARILLON_SOAK === "1";
const seconds = soak ? 300 : 15, tasks = 1000;

// The same ups and downs for the same seed, which a failure names.
const seed = Number(process.env.CARILLON_SOAK_SEED ?? Date.now() % 1_000_000);
const random = dice(seed);

// One task made as an agent makes it, and the others as copies of its rows: a thousand calls would take longer than the test.
async function makeTasks(cluster) {
  await cluster.homes[0].call("schedule_task", { name: "beat", when: "every 1s", tool: "carillon.echo", arguments: { message: "beat" }, options: { overlap: "allow", misfire: "skip" } });
  cluster.ask(`
    BEGIN;
    CREATE TEMP TABLE model AS SELECT * FROM carillon.task WHERE name = 'beat';
    CREATE TEMP TABLE copy AS SELECT model.tenant_id, model.task_id AS was, model.task_id + n AS task_id, n FROM model, generate_series(1, ${tasks - 1}) n;
    INSERT INTO carillon.task SELECT (jsonb_populate_record(t, jsonb_build_object('task_id', c.task_id, 'name', 'beat-' || c.n))).* FROM carillon.task t JOIN copy c ON t.task_id = c.was;
    INSERT INTO carillon.task_version SELECT (jsonb_populate_record(t, jsonb_build_object('task_id', c.task_id))).* FROM carillon.task_version t JOIN copy c ON t.task_id = c.was;
    INSERT INTO carillon.schedule_state SELECT (jsonb_populate_record(t, jsonb_build_object('task_id', c.task_id, 'shard', c.n % 16))).* FROM carillon.schedule_state t JOIN copy c ON t.task_id = c.was;
    CREATE TABLE public.soak_begin AS SELECT task_id, date_trunc('second', last_slot) AS last_slot FROM carillon.schedule_state;
    COMMIT;`);
}

// Every row that tells of slots since the beginning: of runs that wait, run or have ended, and of slots that became none.
const rows = `SELECT task_id, slot, slot_until, folded FROM (
    SELECT task_id, slot, NULL::timestamptz AS slot_until, 0 AS folded, retry FROM carillon.run_ready
    UNION ALL SELECT task_id, slot, NULL, 0, retry FROM carillon.run_live
    UNION ALL SELECT task_id, slot, slot_until, CASE WHEN slot_until IS NULL THEN 0 ELSE folded END, retry FROM carillon.run_history) r
  JOIN public.soak_begin b USING (task_id) WHERE retry = 1 AND slot > b.last_slot`;

// Waits as long as something moves, however slow the machine is: it is over when the database has answered a thousand times in a
// row that not one more task has fired.
async function allFireAfter(cluster, calm, happenings) {
  let most = -1;
  for (let inVain = 0, unanswered = 0; inVain < 1000 && unanswered < 10_000;) {
    await cluster.mend();
    let fired = null;
    try { fired = Number(cluster.ask(`SELECT count(*) FROM carillon.schedule_state WHERE last_slot > '${calm}'`)); } catch { ++unanswered; }
    if (fired === tasks) return;
    if (fired !== null) inVain = fired > most ? 0 : inVain + 1;
    most = Math.max(most, fired ?? -1);
    await sleep(100);
  }
  throw new Error(`only ${most} of ${tasks} tasks fire again (${happenings.join("; ")})`);
}

test("two daemons that are killed and stopped at random leave exactly one row for each second of a thousand tasks", async (context) => {
  context.diagnostic(`CARILLON_SOAK_SEED=${seed}`);
  const cluster = new TwoDaemons();
  try {
    await cluster.start();
    await makeTasks(cluster);
    const begin = Date.now();
    const happenings = [];
    for (let n = 0; n < 5 || Date.now() - begin < seconds * 1000; ++n) {
      await sleep(500 + random(soak ? 4000 : 1000));
      // The short run sees each of them at least once.
      const what = soak ? random(5) : n % 5;
      const which = random(2);
      happenings.push(`${((Date.now() - begin) / 1000).toFixed(1)} s: ${["kill", "stop", "crash of PostgreSQL", "restart of PostgreSQL", "kill of both"][what]} ${which}`);
      if (what === 0) await cluster.kill(which);
      if (what === 1) await cluster.stop(which, soak ? 500 + random(6000) : 1500);
      if (what === 2) cluster.postgres("SIGKILL");
      if (what === 3) cluster.postgres("SIGINT");
      if (what === 4) await Promise.all([cluster.kill(0), cluster.kill(1)]);
      await cluster.mend();
    }
    context.diagnostic(happenings.join("; "));

    // All is well again once every task has fired a slot from after the last happening.
    const calm = new Date().toISOString();
    await allFireAfter(cluster, calm, happenings);

    const wrong = cluster.ask(`
      BEGIN ISOLATION LEVEL REPEATABLE READ;
      WITH told AS (${rows}),
      ranges AS (SELECT r.task_id, sum(1 + r.folded) AS told, range_agg(tstzrange(r.slot, coalesce(r.slot_until, r.slot) + interval '1 s')) AS covered
                 FROM told r GROUP BY r.task_id)
      SELECT b.task_id, b.last_slot, s.last_slot, r.told, r.covered
      FROM public.soak_begin b JOIN carillon.schedule_state s USING (task_id) LEFT JOIN ranges r USING (task_id)
      WHERE r.told IS DISTINCT FROM extract(epoch FROM s.last_slot - b.last_slot)::bigint
         OR r.covered <> tstzmultirange(tstzrange(b.last_slot + interval '1 s', s.last_slot + interval '1 s'))
      LIMIT 5;
      COMMIT;`);
    assert.equal(wrong, "", `tasks whose seconds are not told of exactly once; ${happenings.join("; ")}`);
    const doubled = cluster.ask(`SELECT count(*) FROM (SELECT 1 FROM (${rows}) r WHERE slot_until IS NULL GROUP BY task_id, slot HAVING count(*) > 1) d`);
    assert.equal(doubled, "0", "no slot has two runs");
    const unexplained = cluster.ask("SELECT count(*) FROM carillon.run_history WHERE outcome IN ('missed', 'skipped') AND coalesce(reason, '') = ''");
    assert.equal(unexplained, "0");
    const outcomes = cluster.ask("SELECT string_agg(outcome || ' ' || n, ', ' ORDER BY outcome) FROM (SELECT outcome, sum(folded + 1) AS n FROM carillon.run_history GROUP BY outcome) o");
    context.diagnostic(outcomes);
    assert.match(outcomes, /succeeded \d{4,}/, "the daemons did run most of it");
    assert.ok(!/failed|unknown/.test(outcomes), outcomes);
  } finally { await cluster.end(); }
});

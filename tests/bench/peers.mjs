// The peers of the run benchmark, each on the same PostgreSQL as Carillon, in schemas of their own.
import { Logger, makeWorkerUtils, run as runGraphile } from "graphile-worker";
import { PgBoss } from "pg-boss";


const logger = new Logger(() => () => undefined);  // a line a job would be what is measured

async function graphileDrain(url, count, options) {
  const utils = await makeWorkerUtils({ connectionString: url, schema: "bench_graphile", logger });
  await utils.migrate();
  await utils.withPgClient((client) => client.query("SELECT bench_graphile.add_job('noop', '{}'::json) FROM generate_series(1, $1::int)", [count]));
  let done = 0, finish;
  const finished = new Promise((resolve) => { finish = resolve; });
  const started = performance.now();
  const runner = await runGraphile({ connectionString: url, schema: "bench_graphile", noHandleSignals: true, logger, ...options,
    taskList: { noop: async () => { if (++done === count) finish(); } } });
  await finished;
  const rate = count / ((performance.now() - started) / 1000);
  await runner.stop();
  await utils.release();
  return rate;
}

export const graphileWorker = {
  name: "graphile-worker",
  async variants(url, count) {
    return [
      { name: "graphile-worker, defaults", rate: await graphileDrain(url, Math.min(count, 4_000), {}) },
      { name: "graphile-worker, tuned (local queue 500, 24 jobs)", rate: await graphileDrain(url, count, { concurrency: 24,
        preset: { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } } }) },
    ];
  },
  async latency(url, count) {
    const utils = await makeWorkerUtils({ connectionString: url, schema: "bench_graphile", logger });
    await utils.migrate();
    const late = [];
    let next;
    const runner = await runGraphile({ connectionString: url, schema: "bench_graphile", noHandleSignals: true, logger,
      taskList: { ping: async ({ sent }) => { late.push(performance.now() - sent); next(); } } });
    for (let i = 0; i < count; ++i) {
      const seen = new Promise((resolve) => { next = resolve; });
      await utils.addJob("ping", { sent: performance.now() });
      await seen;
    }
    await runner.stop();
    await utils.release();
    return late;
  },
};

async function startBoss(url) {
  const boss = new PgBoss({ connectionString: url, schema: "bench_pgboss" });
  boss.on("error", (error) => console.error(`pg-boss: ${error.message}`));
  await boss.start();
  return boss;
}

export const pgBoss = {
  name: "pg-boss",
  async variants(url, count) {
    const boss = await startBoss(url);
    const queue = `drain_${Date.now()}`;
    await boss.createQueue(queue);
    for (let i = 0; i < count; i += 1000) await boss.insert(queue, Array.from({ length: Math.min(1000, count - i) }, () => ({ data: {} })));
    let done = 0, finish;
    const finished = new Promise((resolve) => { finish = resolve; });
    const started = performance.now();
    await boss.work(queue, { batchSize: 500, pollingIntervalSeconds: 0.5 }, async (jobs) => { done += jobs.length; if (done >= count) finish(); });
    // Its own poll waits between batches; fetching in a loop is its best.
    const looping = (async () => {
      while (done < count) {
        const jobs = await boss.fetch(queue, { batchSize: 500 });
        if (jobs.length === 0) continue;
        await boss.complete(queue, jobs.map((job) => job.id));
        done += jobs.length;
        if (done >= count) finish();
      }
    })();
    await finished;
    const rate = count / ((performance.now() - started) / 1000);
    await boss.stop({ graceful: false, wait: false });
    await looping.catch(() => undefined);
    return [{ name: "pg-boss, best (fetch loop, batches of 500)", rate }];
  },
  async latency(url, count) {
    const boss = await startBoss(url);
    const queue = `ping_${Date.now()}`;
    await boss.createQueue(queue);
    const late = [];
    let next;
    await boss.work(queue, { batchSize: 1, pollingIntervalSeconds: 0.5 }, async ([job]) => { late.push(performance.now() - job.data.sent); next(); });
    for (let i = 0; i < Math.min(count, 20); ++i) {
      const seen = new Promise((resolve) => { next = resolve; });
      await boss.send(queue, { sent: performance.now() });
      await seen;
    }
    await boss.stop({ graceful: false, wait: false });
    return late;
  },
};

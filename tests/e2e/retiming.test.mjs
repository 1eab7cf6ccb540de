// The machine's zones change under a daemon, and while none runs: tasks follow, and their owner is told. The zone database is a
// private one (TZDIR), replaced while the daemon reads it.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Home, until } from "./lib.mjs";

// Europe/Berlin with the rules of another zone, under a version of its own; written beside and renamed, as packages are.
function release(folder, version, berlin) {
  for (const part of ["Asia", "Europe"]) mkdirSync(path.join(folder, part), { recursive: true });
  cpSync(`/usr/share/zoneinfo/${berlin}`, path.join(folder, "Europe/Berlin.new"), { dereference: true });
  cpSync("/usr/share/zoneinfo/Asia/Tokyo", path.join(folder, "Tokyo.new"), { dereference: true });
  renameSync(path.join(folder, "Tokyo.new"), path.join(folder, "Asia/Tokyo"));
  renameSync(path.join(folder, "Europe/Berlin.new"), path.join(folder, "Europe/Berlin"));
  writeFileSync(path.join(folder, "zi.new"), `# version ${version}\nZ Europe/Berlin 1 E CE%sT\nZ Asia/Tokyo 9 - JST\n`);
  renameSync(path.join(folder, "zi.new"), path.join(folder, "tzdata.zi"));
}

// What get_status tells of tasks that moved, until it has told of all of these: {task: [on the wall before, and now, because]}.
async function moved(home, ...tasks) {
  const told = {};
  const wall = (time) => /\d\d:\d\d/.exec(time)[0];
  await until(async () => {
    for (const row of (await home.call("get_status")).retimed ?? []) told[row.task] = [wall(row.was), wall(row.next), row.because];
    return tasks.every((task) => told[task]);
  }, `the owner to be told of ${tasks}`);
  return told;
}

test("new tzdata moves the tasks of its zones under a running daemon, another machine zone those in local over a restart", async () => {
  const home = new Home();
  const zones = path.join(home.directory, "zoneinfo");
  release(zones, "2999a", "Europe/Berlin");
  home.environment.TZDIR = zones;
  try {
    const daemon = await home.serve();
    const daily = (name, more) => home.call("schedule_task", { name, when: "every day at 09:00", message: "x", ...more });
    await daily("berlin", { timezone: "Europe/Berlin" });
    await daily("here");
    await daily("tokyo", { timezone: "Asia/Tokyo" });
    assert.equal((await home.call("get_status")).retimed, undefined);

    release(zones, "2999b", "Europe/Helsinki");  // an hour ahead of what Berlin was, in summer as in winter
    const why = "tzdata 2999a became 2999b";
    assert.deepEqual(await moved(home, "berlin", "here"), { berlin: ["10:00", "09:00", why], here: ["10:00", "09:00", why] });
    assert.equal((await home.call("get_status")).retimed, undefined, "told once");
    assert.match(daemon.errors, /a task's next slot has moved/);

    daemon.kill("SIGTERM");
    await daemon.gone;
    await home.serve([], { TZ: "Asia/Tokyo" });
    const told = await moved(home, "here");
    assert.deepEqual(Object.keys(told), ["here"]);
    assert.deepEqual(told.here.slice(1), ["09:00", "the machine's zone was Europe/Berlin and is Asia/Tokyo"]);
  } finally { await home.end(); }
});

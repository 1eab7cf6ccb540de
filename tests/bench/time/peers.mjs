// rrule.js and croner on the same questions as time_bench: the cost of the next occurrence of each case of the corpora.
//
// usage: peers.mjs FOLDER_OF_THE_CORPORA; prints one line of JSON. A case that takes longer than the patience counts as so long.
import { readFileSync } from "node:fs";
import vm from "node:vm";
import { Cron } from "croner";
import rrule from "rrule";

const folder = process.argv[2];
const patience = 1000;  // milliseconds
const cases = (names) => names.flatMap((name) => JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8")).cases);

// Microseconds of one look; a look that does not end is stopped.
function cost(look) {
  const context = vm.createContext({ look });
  const begin = process.hrtime.bigint();
  try { vm.runInContext("look()", context, { timeout: patience }); } catch (error) {
    if (error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return patience * 1000;
    throw error;
  }
  return Number(process.hrtime.bigint() - begin) / 1000;
}

function costs(list, prepare) {
  const found = [];
  let refused = 0;
  for (const one of list) {
    let look;
    try { look = prepare(one); } catch { refused += 1; continue; }
    try {
      const looks = [cost(look)];
      // The first look compiles; the middle one of several is what a look costs. Slow ones are looked at once.
      if (looks[0] < 20_000) while (looks.length < 21) looks.push(cost(look));
      looks.sort((a, b) => a - b);
      found.push([looks[looks.length >> 1], one.id]);
    } catch { refused += 1; }
  }
  found.sort((a, b) => a[0] - b[0]);
  return { cases: found.length, refused, median: found[found.length >> 1][0], p99: found[Math.floor(found.length * 0.99)][0], worst: found.at(-1)[0], worst_case: found.at(-1)[1],
    out_of_patience: found.filter(([micros]) => micros >= patience * 1000).length };
}

const utc = (local) => new Date(`${local}Z`);

const rules = costs(cases(["rfc5545", "rules", "dst", "subdaily-dst", "window", "never", "misc"].map((name) => `rrule/${name}`)), (c) => {
  const made = new rrule.RRule({ ...rrule.RRule.parseString(c.rrule), dtstart: utc(c.dtstart) }, true);  // true: no cache
  const after = c.after ? new Date(c.after) : new Date(utc(c.dtstart) - 2 * 86_400_000);
  return () => made.after(after);
});
const lines = costs(cases(["cron/standard", "cron/dst", "cron/extensions"]), (c) => {
  const made = new Cron(c.cron, { timezone: c.tzid, paused: true });
  const after = new Date(c.after);
  return () => made.nextRun(after);
});
console.log(JSON.stringify({ "rrule.js": rules, croner: lines }));

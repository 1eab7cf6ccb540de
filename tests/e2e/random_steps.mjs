// Random runs of steps over the tools of the stand-in, here called `pay`: every kind of docs/pipelines.md, with calls that fail, hang
// for a while, may be repeated or not, and steps that wait to be told something. What a call writes down names its run and its path,
// so that a journal of the server can be read beside that of the daemon; so does what a step waits for.

export const destructive = new Set(["record", "wait_for_file", "fail"]);
export const idempotent = new Set(["record_again"]);

// Whether the condition of a random step holds, for that item of the map around it.
export const holds = (condition, item) => ({ "`true`": true, "`false`": false, "item == 'b'": item === "b", "item != 'b'": item !== "b" })[condition];

export const mapItems = (step) => [...step.map.matchAll(/'(\w)'/g)].map(([, item]) => item);

export function neededBranches(step) {
  const all = step.parallel.length;
  return { all, any: 1, majority: Math.floor(all / 2) + 1 }[step.join] ?? step.join.at_least;
}

// A path as it stands in a template, "s3[${index}].s5", as an expression.
const spelled = (path) => `join('', [${path.split("${index}").map((part) => `'${part}'`).join(", to_string(index), ")}])`;

// What somebody has to tell: an event, a decision, an answer, or the end of a run of one of the `pipelines`. Some give up by
// themselves.
function randomWait(random, path, pipelines) {
  const chance = (percent) => random(100) < percent;
  const pick = (...things) => things[random(things.length)];
  const within = chance(60) ? { within: pick("800ms", "2s", "4s") } : {};
  const kinds = ["signal", "approval", "agent", ...(pipelines.length > 0 ? ["pipeline", "pipeline"] : [])];
  switch (pick(...kinds)) {
    case "signal":
      return { signal: { event: "soak.*", match: `event.payload.run == run.id && event.payload.path == ${spelled(path)}`, ...within } };
    case "approval": {
      const quorum = chance(30) ? 2 : 1;
      const by = quorum === 2 ? pick(["person", "agent:one"], ["agent:one", "agent:two"]) : pick(["person"], ["person"], ["agent:one", "person"]);
      return { approval: { message: "${run.id} " + path, arguments: { items: ["${run.id}", path] }, by, quorum, on_reject: pick("fail", "continue"), ...within, ...(within.within ? { on_expiry: pick("fail", "approve", "reject") } : {}) } };
    }
    case "agent":
      return { agent: { ...pick({}, { name: "one" }, { name: "two" }), prompt: "${run.id} " + path, data: { path }, ...within }, ...(chance(50) ? { expect: "starts_with(nonce, 'good')" } : {}) };
    default:
      return { pipeline: pick(...pipelines), with: { from: "${run.id}", path }, ...(chance(15) ? { timeout: pick("1500ms", "3s") } : {}) };
  }
}

// `random(n)`: a number below n. `gate`: a file without which destructive calls take their time. `pipelines`: saved ones, by name.
export function randomSteps(random, { gate, pipelines = [], most = 6 }) {
  let made = 0;
  const chance = (percent) => random(100) < percent;
  const pick = (...things) => things[random(things.length)];
  const marked = (tool, path) => ({ uses: `pay.${tool}`, with: { message: "${run.id} " + path } });

  const call = (path) => {
    const luck = random(100);
    if (luck < 20) return marked("record", path);
    if (luck < 45) return marked("record_again", path);
    if (luck < 57) return { uses: "pay.wait_for_file", with: { path: gate }, ...(chance(40) ? { timeout: "1500ms" } : {}) };
    if (luck < 60) return { uses: "pay.add", with: { a: random(100), b: 1 } };
    if (luck < 66) return { uses: "pay.sleep", with: { ms: 20 + random(300) } };
    if (luck < 74) return { wait: `${50 + random(400)}ms` };
    if (luck < 78) return { event: { type: "soak.told", payload: { run: "${run.id}", path } } };
    if (luck < 82) return { state: { op: "increment", key: "soak/${run.id}/" + path } };
    if (luck < 89) return marked("fail", path);
    if (luck < 92) return { ...marked(pick("record", "record_again"), path), expect: "text == 'never'" };
    return { ...marked("echo", path), expect: "starts_with(text, 'Echo')" };
  };
  const leaf = (id, place) => {
    const path = place.prefix + id.id;
    const step = { ...id, ...(chance(22) ? randomWait(random, path, pipelines) : call(path)) };
    const waits = step.signal ?? step.approval ?? step.agent ?? step.pipeline;
    const fails = step.uses === "pay.fail" || step.expect === "text == 'never'";
    if (chance(fails || waits ? 50 : 10)) step.on_error = "continue";
    if (waits && chance(40)) step.undo = step.pipeline && chance(30) ? { pipeline: step.pipeline, with: step.with } : marked(pick("record", "record_again"), `${path}!undo`);
    if ((["pay.record", "pay.record_again", "pay.wait_for_file"].includes(step.uses) || step.state) && chance(60)) step.undo = marked(pick("record", "record_again"), `${path}!undo`);
    if (step.uses && !fails && chance(50)) step.retry = { max_attempts: 4, backoff: "fixed", base: "200ms" };
    return step;
  };
  const container = (id, place) => {
    const inside = (prefix, item = place.item) => ({ prefix, item, depth: place.depth + 1 });
    const path = place.prefix + id.id;
    const kind = pick("parallel", "parallel", "parallel", place.item ? "sequence" : "map", "switch", "sequence");
    if (kind === "sequence") return { ...id, sequence: list(inside(`${path}.`), 1, 3) };
    if (kind === "map")
      return { ...id, map: pick("${['a', 'b']}", "${['a', 'b', 'c', 'd']}"), max_parallel: 1 + random(3), do: list(inside(path + "[${index}].", true), 1, 3), ...(chance(40) ? { on_error: "continue" } : {}) };
    if (kind === "switch")
      return { ...id, switch: [{ if: place.item ? pick("item == 'b'", "item != 'b'") : pick("`true`", "`false`"), do: list(inside(`${path}.0.`), 1, 2) }, { else: list(inside(`${path}.1.`), 1, 2) }] };
    const branches = Array.from({ length: 2 + random(3) }, (_, i) => list(inside(`${path}.${i}.`), 1, 2));
    const join = pick("all", "all", "any", "majority", { at_least: 1 + random(branches.length) });
    return { ...id, parallel: branches.map((branch) => (branch.length === 1 && !branch[0].needs ? branch[0] : branch)), join, fail_fast: chance(60), ...(chance(25) ? { on_error: "continue" } : {}) };
  };
  const list = (place, least, most) => {
    const ids = Array.from({ length: least + random(most - least + 1) }, () => ({ id: `s${++made}` }));
    const steps = ids.map((id) => (place.depth < 2 && chance(35) ? container(id, place) : leaf(id, place)));
    for (const [i, step] of steps.entries()) {
      if (i > 0 && chance(10)) step.needs = [];
      if (i > 1 && chance(10)) step.needs = [steps[i - 2].id];
      if (i > 0 && chance(10)) step.if = place.item ? pick("item == 'b'", "item != 'b'") : "`false`";
      if (step.on_error === "continue" && i + 2 < steps.length && chance(50)) step.on_error = steps[i + 2].id;
    }
    return steps;
  };
  const steps = list({ prefix: "", item: false, depth: 0 }, Math.min(3, most), most);
  // Half of them come to a bad end after all, so that there is something to undo.
  if (chance(40)) steps.push({ id: "end", ...marked("fail", "end") });
  return steps;
}

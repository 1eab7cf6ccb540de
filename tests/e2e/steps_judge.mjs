// Judges runs of steps by what the server wrote down of its calls, against what the journal of the daemon says of them. It shares
// nothing with the planner: it walks the definition as it was written.
//
// A run: {id, outcome, message, output, steps (its definition), rows (of step_journal, by attempt), effects (of effect_journal),
// calls (what arrived, {key, tool, message, place}: its place in the server's journal), deeds (events told and how often a value was
// counted up, {path, kind, times})}. Times are microseconds.
import { destructive, holds, idempotent, mapItems, neededBranches } from "./random_steps.mjs";

// What became of a list or a step. partial: not all of it was done, and what ended that stands elsewhere. Of a failure and an end that
// is not known side by side the latter counts, whichever came first.
const isBad = (fate) => ["failed", "unknown"].includes(fate);
const worst = (fates) => ["unknown", "failed", "partial"].find((fate) => fates.includes(fate)) ?? "ok";
const isWithin = (path, outer) => path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
const isUndo = (path) => path.endsWith("!undo");
const isLost = (row) => row.state === "unknown" && row.error_message === "the worker was lost during the call";
const least = (numbers) => Math.min(Infinity, ...numbers);
const most = (numbers) => Math.max(-Infinity, ...numbers);
const grouped = (list, key) => list.reduce((groups, each) => groups.set(key(each), [...(groups.get(key(each)) ?? []), each]), new Map());

class Judge {
  constructor(run) {
    this.run = run;
    this.wrong = [];
    this.rows = run.rows.filter((row) => row.state !== "skipped");
    this.attempts = grouped(this.rows, (row) => row.path);
    this.arrivals = grouped(run.calls, (call) => call.key.slice(`carillon-${run.id}-`.length));
    this.effects = grouped(run.effects, (effect) => effect.path);
    this.leaves = new Map();  // by path, those that the definition leads to
  }

  say(what) { this.wrong.push(what); }
  last(path) { return this.attempts.get(path)?.at(-1); }
  firstArrival(path) { return least((this.arrivals.get(path) ?? []).map((call) => call.place)); }

  // 1. The run's end is that to which its steps lead.
  end() {
    const fate = this.list(this.run.steps, "");
    const { outcome } = this.run;
    const lost = this.rows.filter((row) => isLost(row) && !isUndo(row.path));
    if (lost.length > 0 && outcome !== "unknown") this.say(`${lost[0].path} was lost with its worker, but the run ${outcome}`);
    if (lost.length === 0 && outcome !== { ok: "succeeded", failed: "failed", unknown: "unknown" }[fate]) this.say(`it ${outcome}, but its steps say ${fate}`);
    for (const row of this.rows) {
      if (row.state === "running") this.say(`${row.path} still runs`);
      if (row.state === "waiting" && lost.length === 0) this.say(`${row.path} still waits`);
      if (!this.leaves.has(row.path.replace(/!undo$/, ""))) this.say(`${row.path} was done, but nothing leads there`);
    }
  }

  // 2. and 3. What arrived is what the rows say.
  calls() {
    for (const path of new Set([...this.attempts.keys(), ...this.arrivals.keys()])) {
      const leaf = this.leaves.get(path.replace(/!undo$/, ""));
      const uses = (isUndo(path) ? leaf?.undo?.[0] ?? leaf?.undo : leaf)?.uses;
      if (!leaf || !uses) continue;
      const tool = uses.replace("pay.", "");
      const arrived = this.arrivals.get(path) ?? [];
      for (const call of arrived) {
        if (call.tool !== tool) this.say(`${path} called ${call.tool} and not ${tool}`);
        if (call.message && call.message !== `${this.run.id} ${path}`) this.say(`what "${call.message}" wrote came with the key of ${path}`);
      }
      for (const effect of this.effects.get(path) ?? [])
        if (effect.key !== `carillon-${this.run.id}-${path}`) this.say(`${path} has its effect under the key ${effect.key}`);
      if (destructive.has(tool)) this.onceAtMost(path, arrived.length);
      else if (this.last(path)?.state === "succeeded" && arrived.length === 0) this.say(`${path} succeeded and never arrived`);
      if (idempotent.has(tool) && this.last(path)?.state === "succeeded" && !this.effects.has(path)) this.say(`${path} succeeded without a row of its effect`);
    }
  }
  onceAtMost(path, arrived) {
    const row = this.last(path);
    const effects = this.effects.get(path) ?? [];
    const told = `${path} (${row?.state ?? "never begun"}${row?.error_class ? `, ${row.error_class}` : ""}) arrived ${arrived} times`;
    if (arrived > 1 || effects.length > 1) this.say(`${told} and has ${effects.length} effects`);
    if (!row && arrived > 0) this.say(told);
    const answered = row?.state === "succeeded" || effects.some((effect) => ["succeeded", "tool_error"].includes(effect.outcome));
    if (answered && arrived !== 1) this.say(told);
    if (row?.state === "succeeded" && effects[0]?.outcome !== "succeeded") this.say(`${path} succeeded without a row of its effect`);
    const surelyNot = row && !["succeeded", "unknown", "running"].includes(row.state) && effects.length === 0;
    if (surelyNot && arrived > 0) this.say(told);
  }

  // What Carillon does itself is done as often as a row says so: once or not at all.
  deeds() {
    const told = this.run.deeds.map(({ path, kind, times }) => `${kind} ${times} x ${path}`).sort();
    const due = [...this.leaves].filter(([path, leaf]) => (leaf.event || leaf.state) && this.last(path)?.state === "succeeded")
      .map(([path, leaf]) => `${leaf.event ? "event" : "state"} 1 x ${path}`).sort();
    if (told.join() !== due.join()) this.say(`told and counted was [${told}], and due was [${due}]`);
  }

  // 4. Undone is what succeeded in a run that failed, the last one first; nothing else.
  undos() {
    const { outcome, message } = this.run;
    const due = [...this.attempts.keys()].filter((path) => !isUndo(path) && this.leaves.get(path)?.undo && this.last(path).state === "succeeded")
      .sort((left, right) => this.last(right).finished - this.last(left).finished).map((path) => `${path}!undo`);
    const begun = [...new Set([...this.attempts.keys(), ...this.arrivals.keys()])].filter(isUndo);
    const beganAt = (path) => least((this.attempts.get(path) ?? []).map((row) => row.started));
    const order = begun.sort((left, right) => beganAt(left) - beganAt(right));
    // Also where one of them was lost with its worker: it is named, and the others are made.
    const expected = outcome === "failed" ? due : [];
    if (order.join() !== expected.join()) this.say(`undone was [${order}], and due was [${expected}]`);
    for (const [i, path] of order.entries()) {
      const row = this.last(path);
      if (row && !["succeeded", "failed", "unknown"].includes(row.state)) this.say(`${path} is ${row.state}`);
      if (i > 0 && row) this.comesAfter(order[i - 1], path);
      const isNamed = (message ?? "").includes(`step ${path.replace("!undo", "")} was not undone`);
      if (row && outcome === "failed" && isNamed !== (row.state !== "succeeded")) this.say(`${path} ${row.state}, and the run says "${message}"`);
    }
  }

  // 5. Each step after those that it needs, and no other step at all.
  list(steps, prefix, item) {
    const fates = new Map(), bypassed = new Set(), targets = new Set();
    let whole = "ok", before = null;
    for (const step of steps) {
      const needs = step.needs ?? (before === null ? [] : [before]);
      before = step.id;
      const past = needs.some((need) => bypassed.has(need) || (isBad(fates.get(need)) && steps.find(({ id }) => id === need).on_error !== "continue"));
      const reachable = needs.every((need) => fates.has(need));
      const path = prefix + step.id;
      if (!reachable || (past && !targets.has(step.id)) || (step.if && !holds(step.if, item))) {
        if (this.paths(path).length > 0) this.say(`${path} was begun, and should not have been`);
        if (reachable) fates.set(step.id, "skipped");
        if (reachable && past && !targets.has(step.id)) bypassed.add(step.id);
        continue;
      }
      for (const need of needs) this.comesAfter(prefix + need, path);
      const fate = this.one(step, path, item);
      if (isBad(fate) && step.on_error) {
        if (step.on_error !== "continue") targets.add(step.on_error);
        fates.set(step.id, fate);
      } else {
        whole = worst([whole, fate]);
        if (fate === "ok") fates.set(step.id, fate);
      }
    }
    return whole;
  }
  one(step, path, item) {
    if (step.sequence) return this.list(step.sequence, `${path}.`, item);
    if (step.parallel) return this.parallel(step, path, item);
    if (step.map) return this.map(step, path);
    if (step.switch) {
      const taken = holds(step.switch[0].if, item) ? 0 : 1;
      return this.list(step.switch[taken].do ?? step.switch[taken].else, `${path}.${taken}.`, item);
    }
    this.leaves.set(path, step);
    return { succeeded: "ok", failed: "failed", unknown: "unknown" }[this.last(path)?.state] ?? "partial";
  }
  parallel(step, path, item) {
    const fates = step.parallel.map((branch, i) => this.list(Array.isArray(branch) ? branch : [branch], `${path}.${i}.`, item));
    const values = this.valueOf(path);
    if (values && values.length !== fates.length) this.say(`${path} gave ${values.length} values for ${fates.length} branches`);
    const given = (values ?? []).filter((value, i) => value !== null && fates[i] !== "ok");
    if (given.length > 0) this.say(`${path} gave ${JSON.stringify(given)} for branches that did not succeed`);
    if (fates.filter((fate) => fate === "ok").length >= neededBranches(step)) return "ok";
    if (values) this.say(`${path} succeeded, though its branches are ${fates}`);
    return worst(fates);
  }
  map(step, path) {
    const items = mapItems(step);
    const fates = items.map((each, i) => this.list(step.do, `${path}[${i}].`, each));
    const value = this.valueOf(path);
    if (value && value.results.length !== items.length) this.say(`${path} gave ${value.results.length} results for ${items.length} items`);
    const failed = items.map((_, i) => i).filter((i) => isBad(fates[i]));
    if (value && value.failed.map(({ index }) => index).join() !== failed.join()) this.say(`${path} names ${JSON.stringify(value.failed)} and failed are [${failed}]`);
    return worst(step.on_error === "continue" ? fates.filter((fate) => !isBad(fate)) : fates);
  }
  // Of a step of the outermost list, where the run has put it out.
  valueOf(path) { return this.run.output?.steps?.[path] ?? null; }

  paths(outer) {
    return [...new Set([...this.attempts.keys(), ...this.arrivals.keys()])].filter((path) => !isUndo(path) && isWithin(path, outer));
  }
  // What came first had ended when the other began, by the journal; and by the server's, where an answer proves that it had arrived.
  comesAfter(first, then) {
    const firsts = isUndo(first) ? [first] : this.paths(first), thens = isUndo(then) ? [then] : this.paths(then);
    const rowsOf = (paths) => paths.flatMap((path) => this.attempts.get(path) ?? []);
    if (most(rowsOf(firsts).map((row) => row.finished ?? Infinity)) > least(rowsOf(thens).map((row) => row.started))) this.say(`${then} began before ${first} had ended`);
    const answered = firsts.filter((path) => this.last(path)?.state === "succeeded" && this.arrivals.has(path));
    if (most(answered.map((path) => this.firstArrival(path))) > least(thens.map((path) => this.firstArrival(path)))) this.say(`${then} arrived before ${first}`);
  }
}

// What is wrong with a run; nothing: it kept its promises.
export function judge(run) {
  const judge = new Judge(run);
  judge.end();
  judge.calls();
  judge.deeds();
  judge.undos();
  return judge.wrong;
}

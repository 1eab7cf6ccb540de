// Judges runs of steps by what the server wrote down of its calls, against what the journal of the daemon says of them. It shares
// nothing with the planner: it walks the definition as it was written.
//
// A run: {id, outcome, class, message, compensated, output, steps (its definition), rows (of step_journal, by attempt), effects (of
// effect_journal), calls (what arrived, {key, tool, message, place}: its place in the server's journal), deeds (events told and how often
// a value was counted up, {path, kind, times}), and what told_judge.mjs names}. Times are microseconds.
import { destructive, holds, idempotent, mapItems, neededBranches } from "./random_steps.mjs";
import { clocksApart, judgeTold } from "./told_judge.mjs";

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

// What was asked of the run, as far as anybody knows: nothing, that it ends, that it is undone before, or perhaps that.
function wishOf({ told }) {
  const wishes = told.filter(({ what, heard }) => ["cancel", "compensate"].includes(what) && heard !== "refused");
  if (wishes.some(({ what, heard }) => what === "compensate" && heard === "taken")) return "undo";
  if (wishes.some(({ what }) => what === "compensate")) return "perhaps";
  return wishes.length > 0 ? "end" : "none";
}

// Whether its parent may not have wanted it to its end: that was to end at once or had no time left, has ended without it, or had another
// branch that won. One that is to be undone lets its children end.
function mayBeNeedless({ parent, link }) {
  if (!parent) return false;
  const isStopped = parent.told.some(({ what, heard }) => what === "cancel" && heard !== "refused") || parent.link?.finishBy != null;
  return isStopped || parent.outcome === "unknown" || mayBeNeedless(parent) || isInRace(parent.steps, link.path);
}
function isInRace(steps, path) {
  const raceAt = (list, prefix) => list.some((step) => {
    const here = prefix + step.id;
    if (path !== here && !path.startsWith(`${here}.`) && !path.startsWith(`${here}[`)) return false;
    if (step.parallel) return step.fail_fast || step.parallel.some((branch, i) => raceAt(Array.isArray(branch) ? branch : [branch], `${here}.${i}.`));
    if (step.map) return raceAt(step.do, path.slice(0, path.indexOf("]", here.length) + 2));
    if (step.switch) return step.switch.some((branch, i) => raceAt(branch.do ?? branch.else, `${here}.${i}.`));
    return step.sequence ? raceAt(step.sequence, `${here}.`) : false;
  });
  return raceAt(steps, "");
}

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

  // 1. The run's end is that to which its steps lead, and what was asked of it.
  end() {
    const fate = this.list(this.run.steps, "");
    const { outcome, message } = this.run;
    const lost = this.rows.filter((row) => isLost(row) && !isUndo(row.path));
    if (lost.length > 0 && outcome !== "unknown") this.say(`${lost[0].path} was lost with its worker, but the run ${outcome}`);
    const possible = this.ends(fate);
    if (lost.length === 0 && !possible.includes(outcome)) this.say(`it ${outcome} (${message}), but its steps say ${fate}, which is ${possible}`);
    for (const row of this.rows) {
      // A run that somebody cancelled may have ended without its worker, which had gone: nobody waits there any more.
      if (row.state === "running") this.say(`${row.path} still runs`);
      if (row.state === "waiting" && lost.length === 0 && outcome !== "cancelled") this.say(`${row.path} still waits`);
      if (!this.leaves.has(row.path.replace(/!undo$/, ""))) this.say(`${row.path} was done, but nothing leads there`);
    }
  }

  ends(fate) {
    const { run } = this;
    if (run.outcome === "missed") return this.rows.length === 0 && this.isOverdue() ? ["missed"] : [];
    // Nothing was lost or asked: a step that was cancelled had a child, with which it ended.
    const usual = { ok: "succeeded", failed: "failed", unknown: "unknown", partial: this.hasCancelledChild() ? "cancelled" : "failed" }[fate];
    if (this.isOverdue() && fate !== "unknown") return ["failed"];
    if (wishOf(run) === "undo") return [["ok", "partial"].includes(fate) ? "cancelled" : usual];
    if (wishOf(run) !== "none" || mayBeNeedless(run)) return [usual, "cancelled"];
    return fate === "partial" && !this.hasCancelledChild() ? [] : [usual];
  }
  hasCancelledChild() { return this.rows.some((row) => row.state === "cancelled" && this.leaves.get(row.path)?.pipeline); }
  // It has to end before its parent's step does, and says that it had no time left.
  isOverdue() {
    const { outcome, link, finished, message } = this.run;
    return link?.finishBy != null && finished >= link.finishBy && (outcome === "missed" || /its deadline passed/.test(message ?? ""));
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

  // 4. Undone is what succeeded in a run that failed, or was cancelled so, the last one first; nothing else.
  undos() {
    const { outcome, message, compensated } = this.run;
    const due = [...this.attempts.keys()].filter((path) => !isUndo(path) && this.leaves.get(path)?.undo && this.last(path).state === "succeeded")
      .sort((left, right) => this.last(right).finished - this.last(left).finished).map((path) => `${path}!undo`);
    const begun = [...new Set([...this.attempts.keys(), ...this.arrivals.keys()])].filter(isUndo);
    const beganAt = (path) => least((this.attempts.get(path) ?? []).map((row) => row.started));
    const order = begun.sort((left, right) => beganAt(left) - beganAt(right));
    // Also where one of them was lost with its worker: it is named, and the others are made.
    const wish = wishOf(this.run);
    const undoes = outcome === "failed" || (outcome === "cancelled" && (wish === "undo" || (wish === "perhaps" && compensated !== null)));
    const expected = undoes ? due : [];
    const isUndone = undoes && due.every((path) => this.last(path)?.state === "succeeded");
    if (undoes && due.length > 0 && compensated !== isUndone) this.say(`${isUndone ? "all" : "not all"} of [${due}] was done, and compensated is ${compensated}`);
    if (!undoes && compensated === true) this.say("it is said to be undone, and was not to be");
    if (order.join() !== expected.join()) this.say(`undone was [${order}], and due was [${expected}]`);
    for (const [i, path] of order.entries()) {
      const row = this.last(path);
      if (row && !["succeeded", "failed", "unknown", ...(this.childOf(path) ? ["cancelled"] : [])].includes(row.state)) this.say(`${path} is ${row.state}`);
      if (i > 0 && row) this.comesAfter(order[i - 1], path);
      const isNamed = this.ownWords(message).includes(`step ${path.replace("!undo", "")} was not undone`);
      if (row && undoes && isNamed !== (row.state !== "succeeded")) this.say(`${path} ${row.state}, and the run says "${message}"`);
    }
  }

  // What the run says itself: what a step failed with, a child's words perhaps, is told in theirs.
  ownWords(message) { return this.run.rows.reduce((rest, { error_message: said }) => (said ? rest.replace(said, "") : rest), message ?? ""); }

  // Its end was written by whoever told it, and not by the run's worker.
  isTold(path) { const { signal, approval, agent } = this.leaves.get(path) ?? {}; return (signal ?? approval ?? agent) !== undefined; }
  childOf(path) { return this.run.children.find(({ link }) => link.path === path); }

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
    const ends = rowsOf(firsts).map((row) => (row.finished ?? Infinity) - (this.isTold(row.path) ? clocksApart : 0));
    if (most(ends) > least(rowsOf(thens).map((row) => row.started))) this.say(`${then} began before ${first} had ended`);
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
  judgeTold(judge);
  return judge.wrong;
}

// Who tells steps that wait what they wait for, and meddles with their runs: at random times, over both daemons, whichever lives.
// What was asked is repeated under the same id until somebody has answered, so that of every deed is known what was said to it.
//
// Deeds: {what: signal, approve, reject, claim, answer, release, cancel, compensate, pause, resume; run (its handle), id (the run's), path, who, word
// (which is in the message alone), at, until (milliseconds, when it was sent first and answered), heard: "taken", "refused" or "lost",
// answer (the tool's)}.
import { sleep } from "./two_daemons.mjs";

const patience = 60_000, underWayMost = 8;

// The tools of a daemon over REST, as the holder of a token. Its address is asked for again when nobody answers there.
class Caller {
  constructor(home, token) { this.home = home; this.token = token; }

  async call(tool, args) {
    this.address ??= this.home.status().then(({ http }) => http);
    try {
      const response = await fetch(`${await this.address}/api/v1/tools/${tool}`, { method: "POST", body: JSON.stringify(args), signal: AbortSignal.timeout(4000),
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.token()}` } });
      const answer = await response.json();
      if (response.ok) return { heard: "taken", answer };
      return response.status < 500 && ![401, 408, 429].includes(response.status) ? { heard: "refused", answer } : null;
    } catch {
      this.address = undefined;
      return null;
    }
  }
}

export class Teller {
  // `random`: dice of its own. Agents `one` and `two` have tokens; whoever has the installation's own is the person.
  constructor(cluster, random) {
    this.cluster = cluster;
    this.random = random;
    this.deeds = [];
    this.underWay = new Set();
    this.hurried = this.over = false;
  }

  async start() {
    this.voices = { person: this.cluster.homes.map((home) => new Caller(home, () => home.token())) };
    for (const agent of ["one", "two"]) {
      const made = await this.cluster.homes[0].run(["token", "create", "--agent", agent, "--scopes", "read,approve"]);
      if (made.code !== 0) throw new Error(made.stderr);
      this.voices[agent] = this.cluster.homes.map((home) => new Caller(home, () => made.stdout.trim()));
    }
    this.turns = this.turn();
  }
  // From now on all is told that is waited for, nothing is meddled with, and what is paused goes on.
  hurry() { this.hurried = true; }
  async stop() { this.over = true; await this.turns; await Promise.all(this.underWay); }

  async turn() {
    while (!this.over) {
      await sleep(this.hurried ? 50 : 50 + this.random(150));
      if (this.underWay.size >= underWayMost) continue;
      let seen;
      try { seen = await this.look(); } catch { continue; }
      for (const wait of seen.waits) if (this.hurried || this.random(100) < 25) this.tell(wait);
      if (this.hurried) for (const run of seen.runs) if (run.paused) this.change("resume", run);
      if (!this.hurried && seen.runs.length > 0 && this.random(100) < 35) this.meddle(seen.runs[this.random(seen.runs.length)], seen.runs);
    }
  }

  // What there is to tell, and whom there is to meddle with.
  async look() {
    const handle = "t.name || '#' || r.number";
    const row = (await this.cluster.askLater(`
      SELECT json_build_object('waits', (SELECT coalesce(json_agg(w), '[]') FROM (
          SELECT ${handle} AS run, r.id::text, s.step_path AS path, CASE WHEN s.event_pattern IS NOT NULL THEN 'signal' WHEN a.run_id IS NOT NULL THEN 'approval' ELSE 'agent' END AS kind,
            a.deciders, k.agent, k.claimed_by AS claimed
          FROM carillon.step_wait s JOIN carillon.run_live r ON r.id = s.run_id JOIN carillon.task t USING (task_id)
          LEFT JOIN carillon.approval a ON a.run_id = s.run_id AND a.step_path = s.step_path LEFT JOIN carillon.work_item k ON k.run_id = s.run_id AND k.step_path = s.step_path
          WHERE s.event_pattern IS NOT NULL OR a.run_id IS NOT NULL OR k.run_id IS NOT NULL ORDER BY s.run_id, s.step_path) w),
        'runs', (SELECT coalesce(json_agg(w), '[]') FROM (
          SELECT ${handle} AS run, r.id::text, r.paused_by IS NOT NULL AS paused FROM (
            SELECT id, task_id, number, paused_by FROM carillon.run_live UNION ALL SELECT id, task_id, number, paused_by FROM carillon.run_ready) r
          JOIN carillon.task t USING (task_id) ORDER BY r.id) w))`));
    return JSON.parse(row);
  }

  pick(...things) { return things[this.random(things.length)]; }

  tell({ run, id, path, kind, deciders, agent, claimed }) {
    if (kind === "signal") return this.do({ what: "signal", run, id, path, who: "person" });
    if (kind === "approval") {
      // Also by some who may not.
      const who = this.hurried ? deciders.map((each) => each.replace("agent:", "")) : [this.pick("person", "one", "two")];
      for (const each of who) this.do({ what: this.random(100) < 70 ? "approve" : "reject", run, id, path, who: each });
      return;
    }
    if (this.hurried && claimed) return this.do({ what: "answer", run, id, path, who: claimed === "one" || claimed === "two" ? claimed : "person", good: true });
    const who = this.hurried ? agent || "person" : this.pick("one", "two", "one", "two", "person");
    this.do({ what: this.hurried ? "answer" : this.pick("claim", "claim", "answer", "answer", "release"), run, id, path, who, good: this.hurried || this.random(100) < 60 });
  }

  meddle(run, runs) {
    const paused = runs.filter((each) => each.paused);
    if (paused.length > 0 && this.random(100) < 50) return this.change("resume", paused[this.random(paused.length)]);
    return this.change(this.pick("cancel", "compensate", "compensate", "pause", "pause"), run);
  }
  change(what, { run, id, paused }) { if (what !== "pause" || !paused) this.do({ what, run, id, who: "person" }); }

  do(deed) {
    const of = `${deed.what} ${deed.run} ${deed.path} ${deed.who}`;
    if (this.hurried && [...this.underWay].some((doing) => doing.of === of)) return;
    deed.word = `${deed.good ? "good" : "word"}-${this.deeds.length}`;
    deed.at = Date.now();
    deed.heard = "lost";
    this.deeds.push(deed);
    const doing = this.repeat(deed).finally(() => this.underWay.delete(doing));
    doing.of = of;
    this.underWay.add(doing);
  }

  async repeat(deed) {
    const [tool, args] = callOf(deed);
    for (let n = this.random(2); Date.now() < deed.at + patience && !this.over; ++n) {
      const answer = await this.voices[deed.who][n % 2].call(tool, { ...args, client_generated_id: `soak-${deed.word}` });
      if (answer) return Object.assign(deed, answer, { until: Date.now() });
      await sleep(50);
    }
  }
}

function callOf({ what, run, id, path, word }) {
  switch (what) {
    case "signal": return ["publish_event", { event: "soak.signal", payload: { run: id, path, nonce: word } }];
    case "approve": case "reject": return ["respond_to_run", { run, step: path, response: what, comment: word }];
    case "answer": return ["respond_to_run", { run, step: path, response: what, answer: { nonce: word } }];
    case "claim": case "release": return ["respond_to_run", { run, step: path, response: what }];
    case "cancel": case "compensate": return ["cancel_run", { run, reason: word, ...(what === "compensate" ? { compensate: true } : {}) }];
    default: return ["set_task_state", { runs: [run], state: what === "pause" ? "paused" : "active", reason: word }];
  }
}

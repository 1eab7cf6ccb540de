// Judges what was told to steps that wait, what was asked of their runs, and what their children were: each telling counts once or not at
// all, and whoever was answered was told what became of it. `judge` is a judge of steps_judge.mjs, whose run carries beside what stands
// there: told (deeds of steps_teller.mjs), approvals and work (rows, by path), children (runs), parent and link (of a child). An answer
// that nobody heard may have counted or not.

const second = 1_000_000;
// Each daemon knows the database's time as well as it has measured it, and on a busy machine that is not very well.
export const clocksApart = second;
const nonceOf = (row) => row.output?.payload?.nonce ?? row.output?.nonce ?? row.output?.comment;
const taken = (deed) => deed.heard === "taken";

const deedsAt = (run, path, ...whats) => run.told.filter((deed) => deed.path === path && whats.includes(deed.what));
// Whose run was ended by others keeps the rows of its steps as they were.
const endedByOthers = (run) => ["cancelled", "unknown"].includes(run.outcome);

// An end for want of a telling comes when the time is over, and only where there is one.
function isLate(judge, path, row, within) {
  if (!within) return judge.say(`${path} gave up (${row.error_class}) and may wait for ever`);
  const length = within.endsWith("ms") ? parseInt(within) * 1000 : parseInt(within) * second;
  if (row.finished < row.started + length) judge.say(`${path} gave up after ${row.finished - row.started} microseconds of ${within}`);
}

function judgeSignal(judge, path, row, { within }) {
  const tellings = deedsAt(judge.run, path, "signal");
  const woke = tellings.filter((deed) => taken(deed) && deed.answer.woken?.includes(deed.run));
  if (woke.length > 1) judge.say(`${path} was told ${woke.length} times`);
  if (row.state === "succeeded") {
    const heard = tellings.find((deed) => deed.word === nonceOf(row));
    if (!heard || (taken(heard) && !woke.includes(heard)) || (woke.length === 1 && heard !== woke[0])) judge.say(`${path} was told ${nonceOf(row)}, and ${woke.map((deed) => deed.word)} is said to have been told`);
  } else {
    if (woke.length > 0) judge.say(`${path} is ${row.state} although ${woke[0].word} was told to it`);
    if (row.state === "failed" && row.error_class !== "timeout") judge.say(`${path} failed by ${row.error_class}`);
    if (row.state === "failed") isLate(judge, path, row, within);
  }
}

// By how an approval ended: the state of its step, and what it gave.
function endOfApproval({ outcome }, { on_reject, on_expiry = "fail" }) {
  if (outcome === "approved") return ["succeeded", "approved"];
  if (outcome === "rejected") return on_reject === "continue" ? ["succeeded", "rejected"] : ["failed", "not_allowed"];
  if (outcome === "expired" && on_expiry === "approve") return ["succeeded", "approved"];
  if (outcome === "expired") return on_expiry === "reject" && on_reject === "continue" ? ["succeeded", "expired"] : ["failed", "expired"];
  return ["cancelled", "cancelled"];
}

function judgeApproval(judge, path, row, asked) {
  const asking = judge.run.approvals.filter((approval) => approval.path === path);
  if (asking.length !== 1) return judge.say(`${path} asked ${asking.length} times`);
  const [{ outcome, votes, deciders, quorum, expires, ended }] = asking;
  const voices = deedsAt(judge.run, path, "approve", "reject").filter((deed) => deed.heard !== "refused");
  const closing = voices.filter((deed) => taken(deed) && deed.answer.decision !== "open");
  if (closing.length > 1) judge.say(`${path} was decided ${closing.length} times: ${closing.map((deed) => deed.word)}`);
  if (closing.some((deed) => deed.answer.decision !== outcome)) judge.say(`${path} is ${outcome}, and ${closing[0].word} heard ${closing[0].answer.decision}`);
  for (const { who, word } of votes) {
    const voice = voices.find((deed) => deed.word === word);
    if (voice?.what !== "approve" || (voice.who === "person" ? "owner" : voice.who) !== who) judge.say(`${path} counts a voice of ${who} that said ${word}, which ${voice?.who} said to ${voice?.what}`);
    if (voice && !deciders.some((each) => each.replace("agent:", "") === voice.who)) judge.say(`${path} counts a voice of ${who}, whom it did not ask`);
  }
  const names = new Set(votes.map(({ who }) => who)).size;
  if ((outcome === "approved") !== (names >= quorum) || names > quorum) judge.say(`${path} is ${outcome} by ${names} of ${quorum} voices`);
  if (outcome === "rejected" && !voices.some((deed) => deed.what === "reject")) judge.say(`${path} was rejected by nobody`);
  if (outcome === "expired" ? ended < (expires ?? Infinity) : ["approved", "rejected"].includes(outcome) && ended >= (expires ?? Infinity)) judge.say(`${path} was ${outcome} at ${ended}, and its time is over at ${expires}`);
  if (outcome === null) {
    if (!endedByOthers(judge.run) || !["waiting", "cancelled"].includes(row.state)) judge.say(`${path} is ${row.state} and was not decided`);
    return;
  }
  const said = [row.state, row.state === "succeeded" ? row.output?.status : row.error_class].join();
  if (said !== endOfApproval({ outcome }, asked).join()) judge.say(`${path} was ${outcome}, and its step ${said}`);
  if (row.state === "succeeded" && closing.length === 1 && nonceOf(row) !== closing[0].word) judge.say(`${path} gave the comment ${nonceOf(row)}, and ${closing[0].word} decided`);
}

function judgeWork(judge, path, row, { name, within, expect }) {
  const asking = judge.run.work.filter((item) => item.path === path);
  if (asking.length !== 1) return judge.say(`${path} asked ${asking.length} times`);
  const [{ outcome, who, expires, ended }] = asking;
  const answers = deedsAt(judge.run, path, "answer");
  const accepted = answers.filter(taken);
  if (accepted.length > 1) judge.say(`${path} was answered ${accepted.length} times: ${accepted.map((deed) => deed.word)}`);
  if (outcome === "answered") {
    const given = answers.find((deed) => deed.word === nonceOf(row));
    if (row.state !== "succeeded") judge.say(`${path} was answered and is ${row.state}`);
    if (!given || given.heard === "refused" || (accepted.length === 1 && given !== accepted[0])) judge.say(`${path} gave ${nonceOf(row)}, and ${accepted.map((deed) => deed.word)} was accepted`);
    if (given && (given.who === "person" ? "owner" : given.who) !== who) judge.say(`${path} gave what ${given.who} said, and is said to be answered by ${who}`);
    if (name && ![name, "owner"].includes(who)) judge.say(`${path} is for ${name} and was answered by ${who}`);
    if (expect && !nonceOf(row)?.startsWith("good")) judge.say(`${path} took the answer ${nonceOf(row)}, which it does not want`);
    if (ended >= (expires ?? Infinity)) judge.say(`${path} was answered when its time was over`);
    if (given) judgeClaims(judge, path, given);
    return;
  }
  if (accepted.length > 0) judge.say(`${path} is ${outcome}, and its answer ${accepted[0].word} was accepted`);
  if (outcome === "expired") {
    if (row.state !== "failed" || row.error_class !== "expired") judge.say(`${path} expired and is ${row.state}`);
    isLate(judge, path, row, within);
  } else if (outcome === "withdrawn" ? row.state !== "cancelled" : !endedByOthers(judge.run) || !["waiting", "cancelled"].includes(row.state)) {
    judge.say(`${path} is ${row.state}, and its work ${outcome}`);
  }
}

// Nobody answers what another holds. (A claim lasts longer than any of these runs.)
function judgeClaims(judge, path, answer) {
  for (const claim of deedsAt(judge.run, path, "claim").filter((deed) => taken(deed) && deed.who !== answer.who && deed.until < answer.at)) {
    const released = deedsAt(judge.run, path, "release").some((deed) => deed.who === claim.who && deed.heard !== "refused" && (deed.until ?? Infinity) > claim.at);
    if (!released) judge.say(`${path} was answered by ${answer.who} while ${claim.who} held it`);
  }
}

// One child for a step that began one, which ended as the child did and gave what the child gave.
function judgeChild(judge, path, row) {
  const { run } = judge;
  const children = run.children.filter((child) => child.link.path === path);
  const refused = row.state === "failed" && ["invalid_arguments", "over_budget", "not_allowed"].includes(row.error_class);
  if (children.length !== (refused && children.length === 0 ? 0 : 1)) judge.say(`${path} (${row.state}) has ${children.length} children`);
  const [child] = children;
  if (!child) return;
  const outcome = child.outcome === "missed" ? "failed" : child.outcome;
  const left = ["waiting", "cancelled"].includes(row.state) && endedByOthers(run);
  if (row.state !== outcome && !left) judge.say(`${path} is ${row.state}, and its child ${child.id} ${child.outcome}`);
  if (row.state === "succeeded" && (row.output?.run !== child.id || row.output?.from !== run.id || row.output?.path !== path.replace(/!undo$/, ""))) judge.say(`${path} gave ${JSON.stringify(row.output)}, and its child is ${child.id}`);
  if (!left && child.finished > row.finished + clocksApart) judge.say(`${path} ended before its child`);
  if (!left && child.finished > run.finished + clocksApart) judge.say(`it ended before the child of ${path}`);
}

// A daemon may be stopped for so long between its look at the clock and what it does then.
const longestStop = 5 * second;

// While a run is paused it begins no step. Its worker hears of it with its next renewal, or loses its lease (2 s). A step that ended when the
// run had been resumed may have begun then, too.
function judgePauses(judge) {
  const { told } = judge.run;
  for (const pause of told.filter((deed) => deed.what === "pause" && taken(deed))) {
    const from = (pause.until + 3000) * 1000;
    const ends = told.filter((deed) => ["resume", "cancel", "compensate"].includes(deed.what) && deed.heard !== "refused" && (deed.until ?? Infinity) > pause.at);
    const until = 1000 * Math.min(Infinity, ...ends.map((deed) => deed.at));
    const surely = (row) => (row.finished ?? Infinity) < until || row.started < until - longestStop - clocksApart;
    for (const row of judge.rows.filter((row) => row.started > from && row.started < until && surely(row) && !row.path.endsWith("!undo"))) judge.say(`${row.path} began while the run was paused by ${pause.word}`);
  }
}

// What has a wait and leads to none, and all that above.
export function judgeTold(judge) {
  const kinds = { signal: judgeSignal, approval: judgeApproval, agent: judgeWork };
  for (const [path, leaf] of judge.leaves) {
    const row = judge.last(path);
    for (const [kind, one] of Object.entries(kinds)) if (leaf[kind] && row && row.state !== "running") one(judge, path, row, { ...leaf[kind], expect: leaf.expect });
    if (leaf.pipeline && row) judgeChild(judge, path, row);
    if (leaf.undo?.pipeline && judge.last(`${path}!undo`)) judgeChild(judge, `${path}!undo`, judge.last(`${path}!undo`));
  }
  for (const asking of [...judge.run.approvals, ...judge.run.work]) if (!judge.last(asking.path)) judge.say(`${asking.path} was asked, and no step says so`);
  for (const child of judge.run.children) if (!judge.last(child.link.path)) judge.say(`${child.link.path} has the child ${child.id}, and no step says so`);
  const { link, payload, parent, origin } = judge.run;
  if ((origin === "step") !== (link !== null)) judge.say("it has no parent, or should have none");
  if (link && payload?.parent?.run !== parent.id) judge.say(`it carries the parent ${payload?.parent?.run}, and ${parent.id} is said to be it`);
  if (link && !link.has_ended) judge.say("its parent was not told that it has ended");
  judgePauses(judge);
}

// The executor's part for runs of steps: it begins what the planner says, writes what became of it, and tells the
// planner once that is written.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/check.h"
#include "server/base/log.h"
#include "server/domain/duration_text.h"
#include "server/domain/moment.h"
#include "server/domain/pipeline/expectation.h"
#include "server/domain/pipeline/step_calls.h"
#include "server/domain/refusal.h"
#include "server/domain/template.h"
#include "server/worker/executor.h"
#include "server/worker/run_output.h"

namespace carillon {
namespace {

using pipeline::Record;
using pipeline::StepEvent;
using pipeline::StepState;

constexpr std::size_t kLeftOutMax = 500;  // steps that were left out and are written down

StepsRun steps_run_of(const RunInFlight& run) {
  const LeasedRun& leased = run.run;
  return {.id = leased.lease.id,
          .handle = {run.task->name, leased.number, leased.retry},
          .slot = leased.slot,
          .action = run.plan.action,
          .event = run.plan.event,
          .zone = run.task->definition->schedule.zone,
          .started_at = run.started_at,
          .undoes = run.run.undoes};
}

JournalEntry begun(const pipeline::Start& start, Instant now) {
  return {.step_path = start.path, .attempt = start.attempt, .state = "running", .tool = "", .started_at = now};
}

std::string told_fault(const std::string& path, const std::string& message) {
  return path.empty() ? message : "step " + path + ": " + message;
}

// What was done and has no place in the order that the journal tells: nobody can undo it.
std::vector<std::string> done_out_of_order(const UntoldSteps& untold) {
  std::vector<std::string> paths;
  for (const auto& [attempt, entry] : untold)
    if (entry.state == name_of(StepState::succeeded) && !attempt.first.ends_with("!undo"))
      paths.push_back(attempt.first);
  return paths;
}

// For whoever has to find out what the planner was not told.
json told_states(const RunInFlight& run) {
  json states = json::object();
  for (const auto& [path, state] : run.steps->planner.states()) states[path] = name_of(state);
  return {{"run", run.run.lease.id.number()}, {"task", run.task->name}, {"steps", std::move(states)}};
}

}  // namespace

void Executor::begin_steps(const RunPtr& run) {
  const auto definition = run->plan.action.pipeline;
  const auto& journal = run->plan.journal;
  const StepsRun what = steps_run_of(*run);
  const Instant began = began_at(what, journal);
  const bool has_begun =
      std::any_of(journal.begin(), journal.end(), [](const JournalEntry& entry) { return !entry.reused_from; });
  Instant latest{};
  for (const JournalEntry& entry : journal) latest = std::max(latest, entry.finished_at.value_or(entry.started_at));
  FoldedRun folded = fold_run(*definition, what, std::move(run->plan.journal));
  run->steps = std::unique_ptr<StepsUnderWay>(new StepsUnderWay{.pipeline = definition,
                                                                .planner = std::move(folded.planner),
                                                                .latest = latest,
                                                                .untold = std::move(folded.untold)});
  if (!has_begun) run->steps->begins_at = began;
  run->steps->planner.hold(run->paused);
  if (run->cancelled) run->steps->planner.cancel(cancel_of(*run), run->started_at);
  advance(run);
}

void Executor::advance(const RunPtr& run) {
  if (run->phase != RunPhase::begun) return;
  StepsUnderWay& steps = *run->steps;
  const Instant now = std::exchange(steps.begins_at, std::nullopt).value_or(parts_.clock.now());
  if (const auto by = steps_end_by(*run); by && now >= *by && steps.begun == 0 && !std::exchange(steps.expired, true))
    steps.planner.cancel(pipeline::Cancel::expire, now);
  pipeline::Plan plan = steps.planner.plan(now);
  while (std::any_of(plan.starts.begin(), plan.starts.end(),
                     [&](const auto& start) { return tell_instead(steps.planner, start, steps.untold); }))
    plan = steps.planner.plan(now);
  if (!plan.end && !undo_is_written(run)) return;
  for (const std::string& path : plan.overdue)
    if (steps.told.insert(path).second)
      tell_fault(run, begun({.path = path}, now), StepEvent::fail, {ErrorClass::timeout, "it did not end in time"});
  for (const auto& wait : plan.waits) {
    if (wait.state != StepState::waiting || wait.not_before > now) continue;
    if (wait.kind == pipeline::StepKind::wait)
      end_wait(run, wait, now);
    else
      give_up(run, wait, StepEvent::fail);
  }
  for (const std::string& path : plan.cancels) end_step(run, path, now);
  look_at_children(run, plan);
  for (const auto& start : plan.starts) begin_step(run, start, now);
  write(run);
  if (steps.is_writing || run->phase != RunPhase::begun) return;
  if (steps.begun > 0) return set_alarm(run, look_at_waits(run, plan, now));
  if (plan.end)
    settle_end(run, *plan.end);
  else
    rest(run, plan);
}

void Executor::begin_step(const RunPtr& run, const pipeline::Start& start, Instant now) {
  StepsUnderWay& steps = *run->steps;
  const pipeline::Step& step = *start.step;
  const json roots = steps.planner.roots_of(start.path);
  CARILLON_CHECK(
      steps.planner.apply({.path = start.path, .event = StepEvent::begin, .attempt = start.attempt, .at = now}));
  if (step.kind == pipeline::StepKind::wait) return begin_wait(run, start, roots, now);
  if (scope_of_own_step(step) && parts_.perform_step) return begin_own(run, start, roots, now);
  const auto refuse = [&](std::string message) {
    tell_fault(run, begun(start, now), StepEvent::fail, {ErrorClass::invalid_arguments, std::move(message)});
  };
  const auto wanted = pipeline::call_of(step);
  if (!wanted) return refuse("this version cannot perform steps with \"" + std::string(member_of(step.kind)) + "\"");
  auto arguments = render_template(wanted->arguments, roots, {.zone = run->task->definition->schedule.zone});
  if (!arguments) return refuse(arguments.error().message);
  CallUnderWay call;
  call.tool = wanted->tool;
  call.arguments = *std::move(arguments);
  call.path = start.path;
  call.attempt = start.attempt;
  call.begun_at = now;
  call.wanted_timeout = step.timeout;
  call.retry = step.retry;
  call.expect = step.expect;
  call.sensitive = step.sensitive;
  call.is_undo = start.is_undo;
  ++steps.begun;
  find_policy(run, call);
}

void Executor::begin_wait(const RunPtr& run, const pipeline::Start& start, const json& roots, Instant now) {
  JournalEntry entry = begun(start, now);
  const std::string zone = run->task->definition->schedule.zone;
  const json& body = start.step->body;
  const auto until = [&]() -> Result<Instant> {
    if (body.is_string()) {
      const auto length = read_duration(body.get_ref<const std::string&>(), "/wait");
      if (!length) return length.error();
      return now + *length;
    }
    const auto text = render_template(body.at("until"), roots, {.zone = zone});
    if (!text) return text.error();
    if (!text->is_string()) return invalid("`until` is a time, not " + text->dump(), "/wait/until");
    return read_moment(text->get_ref<const std::string&>(), {.now = now, .zone = zone, .pointer = "/wait/until"});
  }();
  if (!until)
    return tell_fault(run, std::move(entry), StepEvent::fail, {ErrorClass::invalid_arguments, until.error().message});
  entry.state = name_of(StepState::waiting);
  entry.not_before = *until;
  StepsUnderWay::News news;
  news.entry.journal = std::move(entry);
  news.then = [this, run, wait = pipeline::Waiting{.path = start.path, .attempt = start.attempt, .began_at = now},
               until = *until] {
    pipeline::Planner& planner = run->steps->planner;
    // It was asked to end while it was about to wait.
    if (planner.state_of(wait.path) == StepState::cancelling) return cancel_wait(run, wait);
    planner.apply({.path = wait.path,
                   .event = StepEvent::wait,
                   .attempt = wait.attempt,
                   .at = wait.began_at,
                   .not_before = until});
  };
  run->steps->news.push_back(std::move(news));
}

void Executor::end_wait(const RunPtr& run, const pipeline::Waiting& wait, Instant now) {
  if (!run->steps->told.insert(wait.path).second) return;
  JournalEntry entry = begun({.path = wait.path, .attempt = wait.attempt}, wait.began_at);
  Record record{.path = wait.path, .event = StepEvent::finish, .attempt = wait.attempt, .at = run->steps->moment(now)};
  record.output = json{{"waited_until", to_rfc3339(wait.not_before)}};
  KeptOutput value = kept(record.output, options_.output_bytes_max);
  entry.state = name_of(StepState::succeeded);
  entry.finished_at = record.at;
  entry.output = std::move(value.text);
  entry.output_bytes = value.bytes;
  run->steps->news.push_back({.entry = {.journal = std::move(entry)}, .record = std::move(record)});
}

// Somebody, or another branch, made a step under way needless.
void Executor::end_step(const RunPtr& run, const std::string& path, Instant now) {
  StepsUnderWay& steps = *run->steps;
  if (steps.planner.state_of(path) == StepState::running) {
    steps.planner.apply({.path = path, .event = StepEvent::ask_to_end, .at = now});
    return cancel_calls(*run, run->cancel_reason.with([](const std::string& reason) { return reason; }), path);
  }
  const auto waiting = steps.planner.waiting(path);
  if (waiting.kind == pipeline::StepKind::child) return ask_child_to_end(run, waiting);
  if (waiting.kind != pipeline::StepKind::wait) return give_up(run, waiting, StepEvent::cancel);
  cancel_wait(run, waiting);
}

void Executor::cancel_wait(const RunPtr& run, const pipeline::Waiting& wait) {
  if (!run->steps->told.insert(wait.path).second) return;
  tell_fault(run, begun({.path = wait.path, .attempt = wait.attempt}, wait.began_at), StepEvent::cancel,
             {ErrorClass::cancelled, "cancelled while it waited"});
}

void Executor::tell_fault(const RunPtr& run, JournalEntry entry, StepEvent event, pipeline::StepFault fault) {
  const Instant now = run->steps->moment(parts_.clock.now());
  fault.message = safe_text(fault.message, options_.error_bytes_max);
  entry.state = name_of(event == StepEvent::retry          ? StepState::retrying
                        : event == StepEvent::lose_outcome ? StepState::unknown
                        : event == StepEvent::cancel       ? StepState::cancelled
                                                           : StepState::failed);
  entry.finished_at = now;
  entry.error_class = describe(fault.error_class).name;
  entry.error_message = fault.message;
  Record record{
      .path = entry.step_path, .event = event, .attempt = entry.attempt, .at = now, .fault = std::move(fault)};
  if (event == StepEvent::retry) {
    record.not_before = entry.not_before.value_or(now);
    run->steps->last_fault = {entry.step_path, record.fault};
  }
  run->steps->news.push_back({.entry = {.journal = std::move(entry)}, .record = std::move(record)});
}

void Executor::step_ended(const RunPtr& run, const CallUnderWay& call, ToolReply reply) {
  StepsUnderWay& steps = *run->steps;
  --steps.begun;
  steps.unrepeatable.erase(call.path);
  JournalEntry entry = begun({.path = call.path, .attempt = call.attempt}, call.begun_at);
  entry.tool = call.tool;
  const auto effect = effect_of(*run, call, reply);
  KeptOutput value;
  if (!reply.failure || !reply.content.empty()) value = kept(value_of_reply(reply), options_.output_bytes_max);
  entry.output_bytes = value.bytes;
  if (!reply.failure)
    if (const auto fits = pipeline::check_expected(call.expect, json::parse(value.text)); !fits) {
      reply.failure = ErrorClass::expect_failed;
      reply.message = fits.error().message;
      reply.arrived = Arrived::maybe;
    }
  if (reply.failure) {
    const Verdict verdict = judge(*run, call, reply);
    if (!value.text.empty()) entry.output = std::move(value.text);
    if (verdict.what == AfterFailure::retry) entry.not_before = verdict.again_at;
    const StepEvent event = verdict.what == AfterFailure::unknown ? StepEvent::lose_outcome
                            : verdict.is_cancelled                ? StepEvent::cancel
                            : verdict.what == AfterFailure::retry ? StepEvent::retry
                                                                  : StepEvent::fail;
    tell_fault(run, std::move(entry), event, {verdict.error_class, verdict.message});
  } else {
    Record record{
        .path = call.path, .event = StepEvent::finish, .attempt = call.attempt, .at = steps.moment(parts_.clock.now())};
    record.output = json::parse(value.text);
    entry.state = name_of(StepState::succeeded);
    entry.finished_at = record.at;
    entry.output = std::move(value.text);
    steps.news.push_back({.entry = {.journal = std::move(entry)}, .record = std::move(record)});
  }
  steps.news.back().entry.effect = effect;
  write(run);
}

// One mark at a time: what happens meanwhile goes with the next.
void Executor::write(const RunPtr& run) {
  StepsUnderWay& steps = *run->steps;
  if (steps.news.empty() || steps.is_writing) return;
  auto news = std::make_shared<std::vector<StepsUnderWay::News>>(std::exchange(steps.news, {}));
  RunMark mark = mark_of(*run);
  for (StepsUnderWay::News& each : *news)
    if (each.entry.journal || each.entry.effect) mark.steps.push_back(std::move(each.entry));
  steps.is_writing = true;
  const bool undoes = mark.undoes;
  parts_.completer(run->run.lease.id).add_mark(std::move(mark), [this, run, news, undoes](Written written) {
    if (written == Written::stale) return drop(run);
    post(run, [this, run, news, undoes] {
      run->steps->is_writing = false;
      if (undoes) run->undoes = true;
      for (const StepsUnderWay::News& each : *news) {
        if (each.record) run->steps->planner.apply(*each.record);
        if (each.then) each.then();
      }
      advance(run);
    });
  });
}

// Before anything is undone, or stopped in order to be, the database knows of it: whoever takes the run over undoes it,
// too, and no cancel cuts that off.
bool Executor::undo_is_written(const RunPtr& run) {
  StepsUnderWay& steps = *run->steps;
  if (run->undoes || !steps.planner.undoes()) return true;
  if (steps.news.empty()) steps.news.emplace_back();
  write(run);
  return false;
}

RunMark Executor::mark_of(const RunInFlight& run) const {
  RunMark mark;
  mark.lease = run.run.lease;
  mark.undoes = run.steps->planner.undoes();
  if (const auto& calls = run.steps->unrepeatable; !calls.empty()) {
    mark.call_state = CallState::calling;
    mark.call_step = *calls.begin();
  }
  mark.at = run.started_at;
  return mark;
}

// A wish that it ends comes before its deadline.
std::optional<Instant> Executor::steps_end_by(const RunInFlight& run) const {
  return run.cancelled ? std::nullopt : finish_by(run);
}

pipeline::Cancel Executor::cancel_of(const RunInFlight& run) {
  return run.undoes ? pipeline::Cancel::compensate : pipeline::Cancel::stop;
}

// When the run has to be looked at again although nothing is told.
std::optional<Instant> Executor::wakes_at(const RunInFlight& run, const pipeline::Plan& plan) const {
  const auto by = steps_end_by(run);
  if (!by || run.steps->expired) return plan.wake_at;
  return std::min(*by, plan.wake_at.value_or(Instant::max()));
}

void Executor::set_alarm(const RunPtr& run, std::optional<Instant> at) {
  auto& alarm = run->steps->alarm;
  if (!at || (alarm && *alarm <= *at)) return;
  alarm = at;
  alarms_.set(run, *at);
}

bool Executor::go_on_with_due() {
  const auto due = alarms_.take_due();
  for (const auto& run : due)
    post(run, [this, run] {
      run->steps->alarm.reset();
      advance(run);
    });
  return !due.empty();
}

// Nothing can be done here and now. A run in which something waits, or that is paused, keeps its place among the runs
// that share its key; one that only will be repeated goes back to the queue like any other.
void Executor::rest(const RunPtr& run, const pipeline::Plan& plan) {
  const bool waits = plan.is_held || std::any_of(plan.waits.begin(), plan.waits.end(),
                                                 [](const pipeline::Waiting& each) { return can_rest(each); });
  // A paused run is due as soon as its row is paused no more.
  const Instant wake_at = plan.is_held ? Instant::min() : wakes_at(*run, plan).value_or(Instant::max());
  if (!waits) {
    if (wake_at == Instant::max()) log::error("a run of steps has nothing left to do and no end", told_states(*run));
    CARILLON_CHECK(wake_at != Instant::max());
    const auto& fault = run->steps->last_fault;
    Settlement end = settlement_of(*run, *next_state(RunState::running, RunEvent::retry));
    end.run_at = wake_at;
    end.error_class = describe(fault ? fault->second.error_class : ErrorClass::internal).name;
    if (fault) end.error_message = safe_text(told_fault(fault->first, fault->second.message), options_.error_bytes_max);
    return settle(run, std::move(end));
  }
  RunPhase expected = RunPhase::begun;
  if (!run->phase.compare_exchange_strong(expected, RunPhase::ended)) return;
  RunMark mark = mark_of(*run);
  mark.wake_at = wake_at;
  parts_.completer(run->run.lease.id).add_mark(std::move(mark), [this, run, wake_at](Written written) {
    if (written == Written::stale) return drop(run);
    parts_.rests(run, wake_at);
  });
}

// What was left out is nobody's truth, but get_run shows it.
bool Executor::tells_left_out(const RunPtr& run) {
  StepsUnderWay& steps = *run->steps;
  if (std::exchange(steps.tells_left_out, true)) return false;
  for (const auto& [path, state] : steps.planner.states()) {
    if (state != StepState::skipped || steps.news.size() == kLeftOutMax) continue;
    JournalEntry entry = begun({.path = path}, run->started_at);
    entry.state = name_of(state);
    entry.finished_at = entry.started_at = parts_.clock.now();
    steps.news.push_back({.entry = {.journal = std::move(entry)}});
  }
  write(run);
  return steps.is_writing;
}

void Executor::settle_end(const RunPtr& run, const pipeline::RunEnd& end) {
  if (tells_left_out(run)) return;
  const StepsUnderWay& steps = *run->steps;
  Settlement settlement = settlement_of(*run, end.state);
  if (end.state == RunState::succeeded) {
    const json last = end.output;
    KeptOutput output = kept({{"steps", steps.planner.values()}, {"last", last}}, options_.output_bytes_max);
    settlement.output = std::move(output.text);
    settlement.output_bytes = output.bytes;
    settlement.output_cut = output.cut;
    return settle(run, std::move(settlement));
  }
  ErrorClass error_class = end.fault.error_class;
  std::string message = told_fault(end.path, end.fault.message);
  // Without a wish of its own, and with nothing to undo, it was cancelled with a run that one of its steps had started.
  const bool is_late = steps.expired || (!run->cancelled && steps.planner.undoes());
  if (end.state == RunState::cancelled && is_late) {
    settlement.state = *next_state(RunState::running, RunEvent::fail);
    error_class = ErrorClass::expired;
    message = "its deadline passed before its steps had ended";
  } else if (end.state == RunState::cancelled) {
    error_class = ErrorClass::cancelled;
    if (!run->cancelled)
      message = "a run that one of its steps had started was cancelled";
    else if (end.path.empty())
      message = end.compensated ? "cancelled, to be undone" : "cancelled between calls";
    settlement.reason = run->cancel_reason.with([](const std::string& reason) { return reason; });
  }
  auto not_undone = end.not_undone;
  if (end.compensated)
    for (std::string& path : done_out_of_order(steps.untold)) not_undone.push_back(std::move(path));
  for (const std::string& path : not_undone) message += "; step " + path + " was not undone";
  settlement.compensated = end.compensated;
  if (end.compensated && !not_undone.empty()) settlement.compensated = false;
  settlement.error_class = describe(error_class).name;
  settlement.error_message = safe_text(message, options_.error_bytes_max);
  settle(run, std::move(settlement));
}

}  // namespace carillon

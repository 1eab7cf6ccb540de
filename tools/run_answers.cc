#include "tools/run_answers.h"

#include <algorithm>

#include "server/base/json_text.h"
#include "server/domain/jmespath/jmespath.h"
#include "server/domain/nearest.h"
#include "server/domain/pipeline/step_state.h"
#include "server/domain/progress.h"
#include "server/domain/question.h"
#include "server/domain/schedule/schedule.h"
#include "server/engine/engine.h"
#include "tools/render.h"
#include "tools/resource.h"
#include "tools/task_answers.h"

namespace carillon::tools {
namespace {

constexpr std::size_t kStepsBriefMax = 50;  // of a run, unless its steps are asked for

bool includes(const RunView& view, std::string_view part) {
  return std::find(view.include.begin(), view.include.end(), part) != view.include.end();
}

// Where the row stands in time: its slot if it has one, else when it was asked for.
Instant time_of(const RunRow& row) { return row.slot.value_or(row.run_at); }

struct Shown {
  std::size_t whole_max;    // a value up to this is shown whole
  std::size_t extract_max;  // else so much of it
};

// What is being told, and the resources that hold what does not fit.
struct Telling {
  ordered_json facts;
  std::vector<ResourceLink> links{};
};

// A value, and the resource that holds it whole.
struct Held {
  const json& value;
  std::string uri;
};

void add_output(Telling& telling, const char* name, const Held& held, const Shown& shown) {
  if (held.value.is_null()) return;
  const bool is_text = held.value.is_string();
  const std::string text = is_text ? held.value.get<std::string>() : dump(held.value);
  if (text.size() <= shown.whole_max) {
    telling.facts[name] = ordered_json(held.value);
    return;
  }
  telling.facts[name] = extract(text, shown.extract_max).text + "…";
  telling.facts["output_bytes"] = text.size();
  telling.facts["output_resource"] = held.uri;
  telling.facts["output_more"] =
      "extract only; get_run with output_path reads one value, include [\"output\"] more of it, the resource all of it";
  telling.links.push_back({held.uri, name, is_text ? kPlainText : kJson, text.size()});
}

void add_run_output(Telling& telling, const RunDetail& detail, const RunView& view) {
  const bool asked = includes(view, "output");
  const Shown shown = asked || view.format == Format::detailed ? Shown{kOutputDetailedMax, kOutputDetailedMax}
                                                               : Shown{kOutputShownMax, kOutputExtract};
  const json output = asked ? detail.output : main_output(detail.output);
  add_output(telling, "output", {output, run_output_uri(detail.row.run)}, shown);
  if (!detail.output_cut) return;
  telling.facts["output_bytes"] = detail.output_bytes;
  telling.facts["output_cut"] = true;
}

// Whether a time until which the step was to wait still says something.
bool goes_on(const StepRow& step) {
  const auto state = pipeline::step_state_named(step.state);
  return state && !has_ended(*state);
}

// A step of a run; what it gave is shown only with a limit above nothing.
Telling told_step(const RunDetail& detail, const StepRow& step, const Shown& shown) {
  Telling telling{.facts = {{"step", step.step}, {"status", step.state}}};
  ordered_json& facts = telling.facts;
  add(facts, "tool", step.tool);
  facts["attempt"] = step.attempt;
  add(facts, "reused_from", step.reused_from);
  add(facts, "child", step.child);
  add(facts, "child_status", step.child_state);
  if (step.finished_at) facts["duration"] = say_duration(*step.finished_at - step.started_at);
  if (goes_on(step) && step.not_before != Instant::max())
    add_time(facts, "not_before", step.not_before, "UTC", detail.now);
  add(facts, "waits_for", step.waits_for);
  if (!step.cost.is_free()) facts["cost_usd"] = step.cost.dollars();
  add(facts, "error_class", step.error_class);
  add(facts, "error", extract(step.error_message, kOutputExtract).text);
  if (shown.whole_max > 0)
    add_output(telling, "output", {main_output(step.output), step_output_uri(detail.row.run, step.step)}, shown);
  return telling;
}

void add_step(Telling& telling, const RunDetail& detail, const StepRow& step, const Shown& shown) {
  Telling told = told_step(detail, step, shown);
  telling.facts["steps"].push_back(std::move(told.facts));
  telling.links.insert(telling.links.end(), told.links.begin(), told.links.end());
}

Answer answer_of(Telling telling) {
  Answer answer = tell(telling.facts);
  answer.links = std::move(telling.links);
  return answer;
}

ordered_json diagnosis_of(const Diagnosis& diagnosis) {
  ordered_json facts;
  add(facts, "failing_step", diagnosis.failing_step);
  facts["error_class"] = diagnosis.error_class;
  facts["transient"] = diagnosis.transient;
  facts["explanation"] = diagnosis.explanation;
  add(facts, "changed_since_success", diagnosis.changed_since_success);
  if (!diagnosis.next_call.is_null()) facts["next_call"] = dump(diagnosis.next_call);
  return facts;
}

Result<json> value_at(const json& output, const std::string& path) {
  const auto at_argument = [&](Error error) {
    error.pointer = "/output_path";
    error.received = path;
    return error;
  };
  const auto expression = jmespath::compile(path);
  if (!expression.ok()) return at_argument(expression.error());
  auto value = expression->evaluate(output);
  if (!value.ok()) return at_argument(value.error());
  return value;
}

Result<Answer> part_answer(const RunDetail& detail, const RunView& view) {
  constexpr Shown kShown{kOutputDetailedMax, kOutputDetailedMax};
  Telling telling{.facts = {{"run", detail.row.run}, {"status", name_of(detail.row.state)}}};
  const StepRow* step = nullptr;
  if (view.step) {
    const auto found = find_step(detail, *view.step);
    if (!found.ok()) return found.error();
    step = *found;
  }
  if (!view.output_path) {
    add_step(telling, detail, *step, kShown);
    return answer_of(std::move(telling));
  }
  const auto value = value_at(step == nullptr ? detail.output : step->output, *view.output_path);
  if (!value.ok()) return value.error();
  telling.facts["output_path"] = *view.output_path;
  telling.facts["output"] = nullptr;
  const std::string uri =
      step == nullptr ? run_output_uri(detail.row.run) : step_output_uri(detail.row.run, step->step);
  add_output(telling, "output", {*value, uri}, kShown);
  return answer_of(std::move(telling));
}

void add_times(ordered_json& facts, const RunDetail& detail) {
  const RunRow& row = detail.row;
  add_time(facts, "slot", row.slot, row.zone, detail.now);
  add_time(facts, "slot_until", row.slot_until, row.zone, detail.now);
  if (!row.slot) facts["asked"] = say_time(row.run_at, row.zone, detail.now);
  add_time(facts, "started", row.started_at, row.zone, detail.now);
  add_time(facts, "finished", row.finished_at, row.zone, detail.now);
  if (row.duration) facts["duration"] = say_duration(*row.duration);
  if (row.late_by && *row.late_by > kOnTime) facts["late_by"] = say_duration(*row.late_by);
}

void add_details(ordered_json& facts, const RunDetail& detail) {
  facts["id"] = std::to_string(detail.row.run_id);
  facts["origin"] = detail.row.origin;
  facts["agent"] = detail.row.agent;
  facts["task_version"] = detail.task_version;
  if (detail.takeovers > 0) facts["takeovers"] = detail.takeovers;
  add_time(facts, "expires", detail.expires_at, detail.row.zone, detail.now);
  add(facts, "retries", detail.retries);
  add(facts, "correlation_id", detail.correlation_id);
}

// Of a map over many items those that did not simply succeed say the most; they stand in their order all the same.
std::vector<const StepRow*> steps_worth_showing(const std::vector<StepRow>& steps, std::size_t most) {
  std::vector<const StepRow*> chosen;
  const auto is_plain = [](const StepRow& step) { return step.state == "succeeded" || step.state == "skipped"; };
  for (const bool plain : {false, true})
    for (const StepRow& step : steps)
      if (is_plain(step) == plain && chosen.size() < most) chosen.push_back(&step);
  std::sort(chosen.begin(), chosen.end());  // they lie in one vector
  return chosen;
}

void add_steps(Telling& telling, const RunDetail& detail, const RunView& view) {
  if (includes(view, "steps") || view.format == Format::detailed) {
    for (const auto& step : detail.steps) add_step(telling, detail, step, {kOutputShownMax, kOutputExtract});
    return;
  }
  const auto chosen = steps_worth_showing(detail.steps, kStepsBriefMax);
  for (const StepRow* step : chosen) add_step(telling, detail, *step, {0, 0});
  if (chosen.size() < detail.steps.size()) telling.facts["steps_left_out"] = detail.steps.size() - chosen.size();
}

// What the run was given: an extract, and where all of it is, when it is long.
void add_input(Telling& telling, const RunDetail& detail) {
  if (!detail.event.is_null()) {
    const std::string event = dump(detail.event);
    telling.facts["event"] = event.size() <= kOutputShownMax ? ordered_json(detail.event)
                                                             : ordered_json(extract(event, kOutputExtract).text + "…");
  }
  if (detail.input.is_null()) return;
  const std::string text = dump(detail.input);
  if (text.size() <= kOutputShownMax) {
    telling.facts["input"] = ordered_json(detail.input);
    return;
  }
  telling.facts["input"] = extract(text, kOutputExtract).text + "…";
  telling.facts["input_resource"] = run_input_uri(detail.row.run);
  telling.links.push_back({run_input_uri(detail.row.run), "input", kJson, text.size()});
}

void add_error(Telling& telling, const RunRow& row) {
  const Extract error = extract(row.error_message, kOutputShownMax);
  add(telling.facts, "error", error.text);
  if (error.whole) return;
  telling.facts["error_resource"] = run_log_uri(row.run);
  telling.links.push_back({run_log_uri(row.run), "log", kPlainText, row.error_message.size()});
}

void add_deliveries(ordered_json& facts, const RunDetail& detail) {
  for (const auto& delivery : detail.deliveries) {
    ordered_json row{{"target", delivery.target}, {"state", delivery.state}};
    if (delivery.about == "approval") row["about"] = "approval";
    if (delivery.attempts > 1) row["attempts"] = delivery.attempts;
    add(row, "error", delivery.error);
    add_time(row, "next_try", delivery.next_try, detail.row.zone, detail.now);
    add_time(row, "at", delivery.settled_at, detail.row.zone, detail.now);
    facts["deliveries"].push_back(row);
  }
}

void add_approvals(ordered_json& facts, const RunDetail& detail) {
  for (const Approval& approval : detail.approvals) facts["approvals"].push_back(approval_row(approval, detail));
}

// What agents are asked to do; whoever claims it gets it whole.
void add_work(ordered_json& facts, const RunDetail& detail) {
  for (const WorkItem& item : detail.work) {
    ordered_json row{{"step", item.key.path}, {"for", whose(item.agent)}};
    row["prompt"] = extract(item.prompt, kOutputExtract).text;
    if (!item.data.empty()) row["data"] = extract(dump(item.data), kOutputExtract).text;
    if (is_held(item.claim, detail.now)) {
      row["claimed_by"] = item.claim->by;
      row["claimed_until"] = say_time(item.claim->until, detail.row.zone, detail.now);
    }
    if (item.expires_at != Instant::max()) row["until"] = say_time(item.expires_at, detail.row.zone, detail.now);
    facts["work"].push_back(row);
  }
}

// What its call asks, whole, for whoever answers elsewhere than in a form.
void add_questions(ordered_json& facts, const RunDetail& detail) {
  for (const OpenQuestion& question : detail.questions) {
    ordered_json row{{"question", question.key}, {"tool", question.tool}, {"method", question.method}};
    row["message"] = brief_question(question.method, question.params);
    if (question.params.contains("requestedSchema")) row["form"] = dump(question.params["requestedSchema"]);
    row["answer_until"] = say_time(question.answer_until, detail.row.zone, detail.now);
    facts["asks"].push_back(row);
  }
}

}  // namespace

ordered_json approval_row(const Approval& approval, const RunDetail& detail) {
  ordered_json row{{"step", approval.key.path}, {"message", approval.message}};
  if (!approval.arguments.empty()) row["arguments"] = ordered_json(approval.arguments);
  row["digest"] = approval.digest;
  row["by"] = approval.deciders;
  if (approval.quorum > 1) row["quorum"] = approval.quorum;
  if (!approval.agreed.empty()) row["agreed"] = approval.agreed;
  if (approval.expires_at != Instant::max()) row["until"] = say_time(approval.expires_at, detail.row.zone, detail.now);
  return row;
}

json main_output(const json& output) {
  if (!output.is_object()) return output;
  if (const auto message = output.find("message"); message != output.end()) return *message;
  if (const auto last = output.find("last"); last != output.end()) return main_output(*last);
  if (const auto structured = output.find("structured"); structured != output.end() && !structured->is_null())
    return *structured;
  if (const auto text = output.find("text"); text != output.end()) return *text;
  return output;
}

Result<const StepRow*> find_step(const RunDetail& detail, const std::string& name) {
  const StepRow* found = nullptr;
  std::vector<std::string> names;
  for (const auto& step : detail.steps) {
    if (step.step == name) found = &step;  // the last attempt
    names.push_back(step.step);
  }
  if (found != nullptr) return found;
  const auto near = nearest(name, names);
  Error error{ErrorCode::unknown_name, "the run has no step \"" + name + "\"" + did_you_mean(near), "/step"};
  error.received = name;
  error.details["accepted"] = names;
  return error;
}

ordered_json run_row(const RunRow& row, Instant now, Format format) {
  ordered_json facts{{"run", row.run}, {"status", name_of(row.state)}};
  add(facts, "reason", row.reason);
  add(facts, "waits_for", extract(row.waits_for, format == Format::concise ? 160 : 600).text);
  add(facts, "parent", row.parent);
  facts["at"] = say_time(time_of(row), row.zone, now);
  add_time(facts, "at_until", row.slot_until, row.zone, now);
  if (row.folded > 0) facts["folded"] = row.folded;
  if (row.duration) facts["duration"] = say_duration(*row.duration);
  add(facts, "error_class", row.error_class);
  add(facts, "error", extract(row.error_message, format == Format::concise ? 120 : 600).text);
  add(facts, "asks", extract(row.asks, format == Format::concise ? 120 : 600).text);
  if (row.cancel_requested) facts["cancel_requested"] = true;
  if (format == Format::concise) return facts;
  facts["task"] = row.task;
  facts["origin"] = row.origin;
  facts["agent"] = row.agent;
  add_time(facts, "started", row.started_at, row.zone, now);
  add_time(facts, "finished", row.finished_at, row.zone, now);
  if (row.late_by && *row.late_by > kOnTime) facts["late_by"] = say_duration(*row.late_by);
  if (row.attempt > 1) facts["attempt"] = row.attempt;
  facts["id"] = std::to_string(row.run_id);
  return facts;
}

Answer answer(const RunPage& page, Format format) {
  ordered_json facts;
  facts["runs"] = ordered_json::array();
  std::string text;
  for (const auto& row : page.runs) {
    facts["runs"].push_back(run_row(row, page.now, format));
    text += render_row(facts["runs"].back(), {"run", "status", "reason", "waits_for", "parent", "at", "duration",
                                              "error_class", "error", "asks"}) +
            "\n";
  }
  facts["total"] = page.total;
  text += std::to_string(page.runs.size()) + " of " + std::to_string(page.total) + " runs";
  if (page.next_cursor) {
    facts["next_cursor"] = *page.next_cursor;
    text += "; more with cursor " + *page.next_cursor +
            ", fewer with task, status, waiting_for, tag, agent, error_class or since";
  }
  return {.structured = json(facts), .text = text};
}

Answer answer(const RunStarted& started) {
  ordered_json facts{{"run", started.run}, {"status", started.state}};
  add(facts, "effects_again", started.repeated);
  add(facts, "reused", started.reused);
  add(facts, "reason", started.reason);
  facts["task"] = started.task;
  if (started.task_state != "active") facts["task_state"] = started.task_state;
  add(facts, "retry_of", started.retry_of);
  facts["at"] = say_time(started.run_at, started.zone, started.at);
  return tell(facts);
}

Answer answer(const RunsRetried& retried) {
  ordered_json facts{{"retried", ordered_json::array()}};
  for (const RunStarted& started : retried.runs) {
    ordered_json row{{"run", started.run}, {"retry_of", started.retry_of}};
    add(row, "effects_again", started.repeated);
    add(row, "reused", started.reused);
    facts["retried"].push_back(row);
  }
  for (const RunNotRetried& run : retried.refused) facts["refused"].push_back({{"run", run.run}, {"why", run.why}});
  if (retried.more) facts["more"] = "there are more than the limit; the same filter again goes on";
  return tell(facts);
}

Answer answer(const RunCancelled& cancelled) {
  ordered_json facts{{"run", cancelled.run}, {"was", cancelled.was}, {"status", cancelled.state}};
  if (cancelled.requested)
    facts["requested"] = std::string(cancelled.undoes ? "what is under way ends, then what succeeded is undone"
                                                      : "its worker was asked to stop") +
                         "; get_run with wait_seconds tells when it has ended";
  if (cancelled.outcome_unknown)
    facts["outcome_unknown"] = "it was in the middle of a call that may have had its effect; look before you repeat it";
  return tell(facts);
}

Answer answer(const RunResponded& responded) {
  ordered_json facts{{"run", responded.run}, {"step", responded.step}, {"decision", responded.decision}};
  facts["by"] = responded.by;
  if (responded.decision == "open") facts["wanting"] = responded.quorum - static_cast<int>(responded.by.size());
  facts["digest"] = responded.digest;
  return tell(facts);
}

Answer answer(const WorkResponded& responded) {
  ordered_json facts{{"run", responded.run}, {"step", responded.step}, {"work", responded.state}};
  add_time(facts, "until", responded.until, responded.zone, responded.at);
  add(facts, "prompt", responded.prompt);
  if (!responded.data.is_null() && !responded.data.empty()) facts["data"] = ordered_json(responded.data);
  add(facts, "expect", responded.expect);
  return tell(facts);
}

Result<Answer> answer(const RunDetail& detail, const RunView& view) {
  if (view.step || view.output_path) return part_answer(detail, view);
  const RunRow& row = detail.row;
  Telling telling{.facts = {{"run", row.run}, {"status", name_of(row.state)}, {"task", row.task}}};
  ordered_json& facts = telling.facts;
  add(facts, "reason", row.reason);
  add(facts, "parent", row.parent);
  add(facts, "parent_step", detail.parent_step);
  facts["action"] = brief_action(detail.action);
  add_times(facts, detail);
  if (row.folded > 0) facts["folded"] = row.folded;
  facts["attempt"] = row.attempt;
  add(facts, "error_class", row.error_class);
  add_error(telling, row);
  if (row.cancel_requested) facts["cancel_requested"] = detail.cancel_reason.empty() ? "yes" : detail.cancel_reason;
  if (detail.undoes) facts["undoes"] = true;
  if (detail.compensated) facts["compensated"] = *detail.compensated;
  add(facts, "waits_for", detail.waits_for);
  add_approvals(facts, detail);
  add_work(facts, detail);
  add_questions(facts, detail);
  if (const auto progress = progress_of(detail.progress)) facts["progress"] = brief_progress(*progress);
  if (detail.diagnosis) facts["diagnosis"] = diagnosis_of(*detail.diagnosis);
  if (includes(view, "input")) add_input(telling, detail);
  if (includes(view, "cost") || (view.format == Format::detailed && !detail.cost.is_free()))
    facts["cost_usd"] = detail.cost.dollars();
  add_deliveries(facts, detail);
  add_steps(telling, detail, view);
  add_run_output(telling, detail, view);
  if (view.format == Format::detailed) add_details(facts, detail);
  return answer_of(std::move(telling));
}

bool has_ended(const CallContext& context, RunId run) {
  const auto detail = context.ports.engine.get_run(context.caller, {.run = run.str()});
  return !detail.ok() || is_final(detail->row.state);
}

Result<Answer> run_answer(const CallContext& context, RunId run, const json& /*shape*/) {
  const auto detail = context.ports.engine.get_run(context.caller, {.run = run.str()});
  if (!detail.ok()) return detail.error();
  auto said = answer(*detail, RunView{});
  const RunState state = detail->row.state;
  const bool badly = state == RunState::failed || state == RunState::unknown || state == RunState::cancelled;
  if (said.ok() && badly) said->ending = Answer::Ending::failed;
  return said;
}

Duration wait_of(const CallContext& context, const json& arguments, std::chrono::seconds otherwise) {
  if (arguments.contains("wait_seconds")) return std::chrono::seconds{arguments["wait_seconds"].get<int>()};
  return context.request.takes_tasks() ? kMomentBeforeTask : otherwise;
}

}  // namespace carillon::tools

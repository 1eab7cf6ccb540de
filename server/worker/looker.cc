#include "server/worker/looker.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/base/trace.h"
#include "server/domain/schedule/slot_source.h"
#include "server/worker/known_tasks.h"
#include "server/worker/run_output.h"

namespace carillon {
namespace {

constexpr int kLooksAtOnce = 100;  // begun in one round
constexpr Duration kDescribeWait = std::chrono::seconds{10};
constexpr Duration kLease = std::chrono::minutes{10};  // a lost look is made again after that
constexpr Duration kTimeoutMax = std::chrono::minutes{9};
constexpr Duration kBackOffMax = std::chrono::hours{1};
constexpr std::size_t kErrorBytesMax = 2000;

const Trigger* trigger_of(const DueLook& look, const TaskDefinition& definition) {
  const auto& triggers = definition.schedule.triggers;
  const auto place = static_cast<std::size_t>(look.place);
  if (place >= triggers.size() || !std::holds_alternative<ConditionTrigger>(triggers[place].body)) return nullptr;
  return &triggers[place];
}

// The rhythm's next look; none within its bounds: never.
Instant look_after(const Trigger& trigger, const Schedule& schedule, Instant after) {
  const auto next = next_look(trigger, after);
  const bool over = !next || (schedule.until && *next > *schedule.until);
  return over ? Instant::max() : *next;
}

// The look after `failures` in a row: the rhythm's, or later by what the distance to it becomes when doubled each time.
Instant put_off(Instant now, Instant next, int failures) {
  if (next == Instant::max()) return next;
  const Duration apart = next - now;
  const Duration longest = std::max(apart, kBackOffMax);
  return now + std::min(apart * (std::int64_t{1} << std::min(failures - 1, 12)), longest);
}

std::string what_fired(const ConditionTrigger& condition) {
  if (condition.where.empty()) return condition.tool + " changed";
  return condition.where + " became true of " + condition.tool;
}

// Why the call may not be made; none: it may.
std::optional<ToolReply> objection(const DueLook& look, const Result<ToolFacts>& facts) {
  if (!facts) {
    const bool away = facts.error().code == ErrorCode::server_unavailable;
    return not_made(away ? ErrorClass::unavailable : ErrorClass::not_found, facts.error().message);
  }
  if (!look.scopes) return std::nullopt;
  const auto missing = facts->scopes.missing_from(*look.scopes).names();
  if (missing.empty()) return std::nullopt;
  return not_made(ErrorClass::not_allowed, "whoever saved this version of the task lacks the scope \"" +
                                               missing.front() + "\" that " + facts->tool + " needs");
}

ToolCall call_of(const DueLook& look, const ConditionTrigger& condition, const ToolFacts& facts) {
  const std::string key =
      "carillon-look-" + look.task.str() + "-" + std::to_string(look.place) + "-" + std::to_string(look.number);
  const Duration timeout = std::min(facts.timeout.value_or(kDefaultTimeout), kTimeoutMax);
  return {look.tenant, condition.tool, json::parse(condition.arguments, nullptr, false), timeout, key, ""};
}

LookEnd failed(const LookQuestion& question, LookEnd end, const std::string& why) {
  end.memory = question.look.memory;
  end.failures = question.look.failures + 1;
  end.error = safe_text(why, kErrorBytesMax);
  end.next_look_at = put_off(question.now, end.next_look_at, end.failures);
  if (end.failures == kFailuresTold) {
    end.outcome = "failing";
    end.told = end.error;
  }
  return end;
}

}  // namespace

LookEnd end_of_look(const LookQuestion& question, const ToolReply& reply) {
  LookEnd end;
  end.looked_at = question.now;
  end.memory = question.look.memory;
  end.correlation_id = new_trace_id();
  end.next_look_at = Instant::max();
  const Trigger* trigger = trigger_of(question.look, question.definition);
  if (trigger == nullptr) return end;
  end.next_look_at = look_after(*trigger, question.definition.schedule, question.now);
  if (reply.failure) return failed(question, end, std::string(describe(*reply.failure).name) + ": " + reply.message);
  const auto& condition = std::get<ConditionTrigger>(trigger->body);
  const auto looked = look_at(condition, value_of_reply(reply), {question.look.memory});
  if (!looked) return failed(question, end, looked.error().message);
  end.memory = looked->memory.last;
  if (looked->verdict != ConditionLook::Verdict::fire) return end;
  end.outcome = "fires";
  end.told = what_fired(condition);
  return end;
}

std::size_t Looker::end_answered() {
  const auto answered = answers_->with([](auto& answers) { return std::exchange(answers, {}); });
  for (const auto& each : answered) end(each);
  return answered.size();
}

std::size_t Looker::begin_due() {
  const auto shards = parts_.ownership.shards();
  if (shards.empty()) return 0;
  const auto due = parts_.rows.take(shards, {parts_.clock.now(), kLooksAtOnce, kLease});
  for (const auto& look : due) begin(look);
  return due.size();
}

void Looker::begin(const DueLook& look) {
  KnownTask task = read_task(look.task_name, look.definition);
  const auto hand_over = [answers = answers_](Answered answered) {
    answers->with([&](auto& all) { all.push_back(std::move(answered)); });
  };
  const Trigger* trigger = task.definition ? trigger_of(look, *task.definition) : nullptr;
  if (trigger == nullptr) {
    log::error("a condition is due and its definition cannot be read", json{{"task", look.task_name}});
    return;  // its lease ends; whoever can read it looks
  }
  parts_.patient.post([look, definition = *task.definition, hand_over, &tools = parts_.tools] {
    const auto& condition = std::get<ConditionTrigger>(trigger_of(look, definition)->body);
    const auto facts = tools.describe(look.tenant, condition.tool, kDescribeWait);
    if (auto no = objection(look, facts)) return hand_over({look, definition, std::move(*no)});
    tools.start(call_of(look, condition, *facts), [look, definition, hand_over](ToolReply reply) {
      hand_over({look, definition, std::move(reply)});
    });
  });
}

void Looker::end(const Answered& answered) {
  const LookEnd end = end_of_look({answered.look, answered.definition, parts_.clock.now()}, answered.reply);
  if (!parts_.rows.settle(answered.look, end)) return;
  const char* verdict = !end.error.empty() ? "failed" : end.outcome == "fires" ? "fires" : "waits";
  metrics::count("carillon_looks_total", {{"verdict", verdict}});
  if (!end.outcome.empty()) parts_.has_fired();
}

}  // namespace carillon

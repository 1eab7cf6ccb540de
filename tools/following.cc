#include "tools/following.h"

#include <algorithm>

#include "server/base/mask.h"
#include "server/domain/progress.h"
#include "server/engine/engine.h"
#include "tools/asking.h"
#include "tools/dispatch.h"
#include "transport/sealed_state.h"

namespace carillon::tools {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using transport::TaskStatus;
using transport::TaskView;

constexpr std::size_t kTaskIdBytes = 24;  // of randomness
constexpr milliseconds kPollFirst = std::chrono::seconds{1};
constexpr milliseconds kPollLast = std::chrono::minutes{1};
constexpr int kPollShare = 10;  // of the age: whoever has waited an hour can wait a minute more

FollowCall command_for(const CallContext& context, const Tool& row) {
  FollowCall command{.id = transport::random_token(kTaskIdBytes), .tool = std::string(row.name)};
  if (const auto& wish = context.request.task_wish) command.keep_for = wish->time_to_live;
  return command;
}

json kept_form(const transport::Answer& answer) {
  json kept{{"content", answer.content}, {"is_error", answer.is_error}};
  if (answer.structured) kept["structured"] = *answer.structured;
  return kept;
}

transport::Answer from_kept_form(const json& kept) {
  transport::Answer answer{.content = kept.at("content"), .is_error = kept.at("is_error").get<bool>()};
  if (const auto structured = kept.find("structured"); structured != kept.end()) answer.structured = *structured;
  return answer;
}

// The answer that the call would have given, had it waited until now.
transport::Answer answer_of(const CallContext& context, const Tool& row, const FollowedCall& call) {
  if (!call.run) return from_kept_form(call.answer);
  const auto said = row.resume(context, RunId{call.run->run_id}, call.shape.at("shape"));
  if (!said.ok()) return encode_for(compile_tool(row), said.error());
  return encode(*said, call.shape.at("warnings").get<std::vector<std::string>>());
}

// Taken back before its run ended: an end that was there first stays.
bool is_taken_back(const FollowedCall& call) {
  return call.cancelled_at && !(call.run->finished_at && *call.run->finished_at < *call.cancelled_at);
}

TaskStatus status_of(const FollowedCall& call, const Tool& row) {
  if (!call.run) return TaskStatus::completed;
  if (is_taken_back(call)) return TaskStatus::cancelled;
  if (!is_final(call.run->state)) return TaskStatus::working;  // or it asks something: task_view
  // Who started the run is told that it was cancelled; who only looks on has the answer: what became of it.
  const bool looks_on = row.hints.reads_only;
  return call.run->state == RunState::cancelled && !looks_on ? TaskStatus::cancelled : TaskStatus::completed;
}

std::string message_of(const FollowedCall& call) {
  const RunRow& run = *call.run;
  std::string message = run.run + (is_final(run.state) ? " ended as " : " is ") + std::string(name_of(run.state));
  if (!run.error_class.empty() && run.error_class != name_of(run.state)) message += " (" + run.error_class + ")";
  if (call.progress) message += ", " + brief_progress(*call.progress);
  if (!call.questions.empty()) message += "; it waits for an answer";
  if (run.cancel_requested) message += "; it was asked to stop";
  return message;
}

void put_times(TaskView& view, const FollowedCall& call) {
  view.created_at = view.updated_at = call.created_at;
  Instant kept_from = call.created_at;
  if (call.run) {
    for (const auto& at : {call.run->started_at, call.run->finished_at, call.cancelled_at})
      if (at) view.updated_at = std::max(view.updated_at, *at);
    for (const auto& question : call.questions) view.updated_at = std::max(view.updated_at, question.asked_at);
    kept_from = std::max(kept_from, call.run->finished_at.value_or(call.now));
  }
  view.time_to_live = duration_cast<milliseconds>(kept_from - call.created_at + call.keep_for);
  if (is_final(view.status)) return;
  const auto age = duration_cast<milliseconds>(call.now - call.created_at);
  view.poll_interval = std::clamp(age / kPollShare, kPollFirst, kPollLast);
}

}  // namespace

std::string follow_run(const CallContext& context, const Tool& row, const Parked& parked,
                       const std::vector<std::string>& warnings) {
  FollowCall command = command_for(context, row);
  command.run = parked.run;
  command.shape = {{"shape", parked.shape}, {"warnings", warnings}};
  context.ports.engine.follow_call(context.caller, command);
  return command.id;
}

std::string follow_answer(const CallContext& context, const Tool& row, const transport::Answer& answer) {
  FollowCall command = command_for(context, row);
  command.answer = kept_form(answer);
  context.ports.engine.follow_call(context.caller, command);
  return command.id;
}

const Tool* row_of(const CallContext& context, const FollowedCall& call) {
  const Tool* row = find_tool(call.tool);
  const bool usable = row != nullptr && row->resume != nullptr && context.caller.scopes.has(row->scope);
  return usable ? row : nullptr;
}

std::optional<TaskView> task_view(const CallContext& context, const FollowedCall& call) {
  const Tool* row = row_of(context, call);
  if (row == nullptr) return std::nullopt;
  TaskView view{.id = call.id, .status = status_of(call, *row)};
  if (call.run) view.status_message = mask_secrets(message_of(call));
  if (view.status == TaskStatus::working) view.input_requests = askable(context.request, call.questions);
  if (!view.input_requests.empty()) view.status = TaskStatus::input_required;
  put_times(view, call);
  const bool has_answer = !call.run || is_final(call.run->state);
  if (is_final(view.status) && has_answer) view.answer = answer_of(context, *row, call);
  return view;
}

}  // namespace carillon::tools

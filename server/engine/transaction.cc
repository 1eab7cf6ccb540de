#include "server/engine/transaction.h"

#include "server/base/mask.h"
#include "server/domain/run_handle.h"

namespace carillon {

namespace {

IdempotencyKey idempotency_key(const Call& call) {
  return {*call.key.client_generated_id, call.command, call.key.content};
}

}  // namespace

std::string subject_of(TaskId task) { return "task:" + task.str(); }
std::string subject_of(RunId run) { return "run:" + run.str(); }

void Telling::task_event(std::string_view type, const TaskRecord& task, json more) {
  more["task"] = task.id.str();
  more["name"] = task.name;
  more["version"] = task.version;
  more["state"] = name_of(task.state);
  Outbox{tx_}.append(call_.caller, {type, subject_of(task.id), mask_secrets(more)}, provenance());
}

void Telling::run_event(std::string_view type, const ToldRun& run, json more) {
  more["run"] = run.id.str();
  more["task"] = run.task.str();
  more["number"] = run.number;
  more["retry"] = run.retry;
  more["handle"] = to_string(RunHandle{run.task_name, run.number, run.retry});
  // The hot path tells of many runs in one event; so one run is a list too.
  const json data{{"runs", json::array({mask_secrets(more)})}};
  Outbox{tx_}.append(call_.caller, {type, subject_of(run.id), data}, provenance());
}

void Telling::audit(std::string subject, json before, json after) {
  Audit{tx_}.append(call_.caller, {call_.command, std::move(subject), mask_secrets(before), mask_secrets(after)},
                    provenance());
}

void send(const Telling::Signals& signals, const TenantId& tenant, const Listeners& listeners) {
  for (const auto& [shard, run_at] : signals.ready) listeners.worker.runs_ready(shard, run_at);
  for (const auto& [run, shard] : signals.told) listeners.worker.run_told(run, shard);
  for (const RunId run : signals.cancels) listeners.worker.cancel_requested(run);
  for (const RunId run : signals.taken) listeners.worker.run_taken_away(run);
  for (const std::int16_t shard : signals.schedules) listeners.worker.schedule_changed(shard);
  for (const RunId run : signals.answered) listeners.worker.question_answered(run);
  if (signals.dispatch) listeners.worker.dispatch_changed(tenant);
  for (const RunId run : signals.ended) listeners.watch.finished(run);
}

Status check_key(const CommandKey& key) {
  if (!key.client_generated_id) return Done{};
  const std::string& id = *key.client_generated_id;
  if (id.empty() || id.size() > kClientGeneratedIdMax || id.find('\0') != std::string::npos)
    return Error{ErrorCode::arguments_invalid, "a client_generated_id has 1 to 200 characters", "/client_generated_id"};
  return Done{};
}

Result<std::optional<json>> first_answer(Tx& tx, const Call& call) {
  auto found = Idempotency{tx}.find(call.caller.tenant, idempotency_key(call));
  if (!found) return std::optional<json>{};
  if (found->same) return std::optional{std::move(found->answer)};
  return Error{ErrorCode::idempotency_mismatch,
               "this client_generated_id was used for another call; take a new one for new content",
               "/client_generated_id", *call.key.client_generated_id};
}

bool claim_key(Tx& tx, const Call& call) {
  return Idempotency{tx}.claim(call.caller.tenant, idempotency_key(call), call.now);
}

void keep_answer(Tx& tx, const Call& call, const json& answer) {
  Idempotency{tx}.keep_answer(call.caller.tenant, idempotency_key(call), answer);
}

}  // namespace carillon

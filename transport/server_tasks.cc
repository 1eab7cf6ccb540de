// The Tasks extension: tasks/get, tasks/update, tasks/cancel, and how a task looks on the wire.
#include <array>
#include <nlohmann/json.hpp>

#include "transport/server_core.h"

namespace carillon::transport {
namespace {

constexpr std::array<std::string_view, 5> kStatuses{"working", "input_required", "completed", "failed", "cancelled"};

// Every task method needs the extension declared and an id. Nothing after failing the call.
const std::string* need_task_id(const CallPtr& call) {
  if (!call->context.client_has_extension(kTasksExtension)) {
    fail(call, missing_capability({{"extensions", {{kTasksExtension, json::object()}}}}));
    return nullptr;
  }
  return need_text(call, "taskId");
}

TaskDone acknowledge(const CallPtr& call) {
  return [call](const std::optional<TaskView>& task) {
    if (!task) return fail(call, invalid_params("there is no such task"));
    succeed(call, json::object());
  };
}

}  // namespace

std::string_view name_of(TaskStatus status) { return kStatuses[static_cast<std::size_t>(status)]; }

json task_json(const TaskView& task, const ServerCore& core) {
  json result{{"taskId", task.id},
              {"status", name_of(task.status)},
              {"createdAt", to_rfc3339(task.created_at)},
              {"lastUpdatedAt", to_rfc3339(task.updated_at)},
              {"ttlMs", task.time_to_live ? json(task.time_to_live->count()) : json(nullptr)}};
  if (task.poll_interval) result["pollIntervalMs"] = task.poll_interval->count();
  if (!task.status_message.empty()) result["statusMessage"] = task.status_message;
  if (task.status == TaskStatus::input_required) {
    result["inputRequests"] = json::object();
    for (const auto& [key, request] : task.input_requests)
      result["inputRequests"][key] = {{"method", request.method}, {"params", request.params}};
  }
  if (task.status == TaskStatus::completed && task.answer) {
    result["result"] = answer_json(*task.answer, kNewestModern);
    result["result"]["resultType"] = "complete";
    result["result"]["_meta"][meta_key::kServerInfo] = core.options.server_info;
  }
  if (task.status == TaskStatus::failed && task.error) {
    result["error"] = {{"code", task.error->code}, {"message", task.error->message}};
    if (!task.error->data.is_null()) result["error"]["data"] = task.error->data;
  }
  return result;
}

void succeed_with_task(const CallPtr& call, const TaskView& task) {
  json result = task_json(task, *call->core);
  for (const char* member : {"result", "error", "inputRequests"}) result.erase(member);
  result["resultType"] = "task";
  succeed(call, std::move(result));
}

void follow_for_listener(const CallPtr& call, const std::vector<std::string>& ids) {
  for (const auto& id : ids) {
    const auto tell = [core = call->core, exchange = call->exchange,
                       heard = std::make_shared<bool>(false)](const std::optional<TaskView>& task) {
      const bool first = !std::exchange(*heard, true);
      // That a task is being worked on is what everybody takes for granted; anything else is told at once.
      if (!task || (first && task->status == TaskStatus::working)) return;
      exchange->send(
          json_rpc::notification_text("notifications/tasks", tagged(task_json(*task, *core), exchange->id())));
    };
    call->core->services.tasks->follow_task(call->context, id, tell);
  }
}

namespace methods {

void get_task(const CallPtr& call) {
  const std::string* id = need_task_id(call);
  if (id == nullptr) return;
  call->core->services.tasks->get_task(call->context, *id, [call](const std::optional<TaskView>& task) {
    if (!task) return fail(call, invalid_params("there is no such task"));
    succeed(call, task_json(*task, *call->core));
  });
}

void update_task(const CallPtr& call) {
  const std::string* id = need_task_id(call);
  if (id == nullptr) return;
  const auto responses = call->params.find("inputResponses");
  if (responses == call->params.end() || !responses->is_object())
    return fail(call, invalid_params("params.inputResponses is an object"));
  call->core->services.tasks->answer_task(call->context, *id, *responses, acknowledge(call));
}

void cancel_task(const CallPtr& call) {
  const std::string* id = need_task_id(call);
  if (id == nullptr) return;
  call->core->services.tasks->cancel_task(call->context, *id, acknowledge(call));
}

}  // namespace methods
}  // namespace carillon::transport

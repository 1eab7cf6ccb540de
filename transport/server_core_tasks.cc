// The core tasks of 2025-11-25 (experimental there, and in no other revision): tasks/get, tasks/result, tasks/list,
// tasks/cancel, the wish for a task in a call, and notifications/tasks/status.
//
// Where it differs from the extension: the client wishes a task and then gets one; a task lies nested in the answer
// that creates it; the result is fetched on a request that waits for it, and what the task asks is asked there; a
// tool's error makes the task `failed`.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "transport/server_core.h"

namespace carillon::transport {
namespace {

ProtocolError no_such_task() { return invalid_params("there is no such task"); }

json related(const std::string& id) { return {{meta_key::kRelatedTask, {{"taskId", id}}}}; }

std::string_view status_of(const TaskView& task) {
  const bool erred = task.status == TaskStatus::completed && task.answer && task.answer->is_error;
  return name_of(erred ? TaskStatus::failed : task.status);
}

json core_task_json(const TaskView& task) {
  json result{{"taskId", task.id},
              {"status", status_of(task)},
              {"createdAt", to_rfc3339(task.created_at)},
              {"lastUpdatedAt", to_rfc3339(task.updated_at)},
              {"ttl", task.time_to_live ? json(task.time_to_live->count()) : json(nullptr)}};
  if (task.poll_interval) result["pollInterval"] = task.poll_interval->count();
  if (!task.status_message.empty()) result["statusMessage"] = task.status_message;
  return result;
}

// Tells the client's connection of every further change of a task, while there is one.
void announce_changes(const CallPtr& call, const TaskView& task) {
  if (!call->peer->takes_pushes()) return;
  RequestContext watching = call->context;
  watching.cancelled = call->peer->gone();
  const auto changed = [peer = std::weak_ptr{call->peer},
                        told = std::make_shared<json>(core_task_json(task))](const std::optional<TaskView>& now) {
    const auto alive = peer.lock();
    if (!alive || !now) return;
    json stands = core_task_json(*now);
    const auto differs = [&](const char* member) { return stands.value(member, "") != told->value(member, ""); };
    if (!differs("status") && !differs("statusMessage")) return;
    *told = stands;
    stands["_meta"] = related(now->id);
    alive->push(json_rpc::notification_text("notifications/tasks/status", stands));
  };
  call->core->services.tasks->follow_task(watching, task.id, changed);
}

// A client that waits for a task's end on one request.
struct Waiting {
  CallPtr call;
  std::string id;
  std::set<std::string> asked{};
};
using WaitingPtr = std::shared_ptr<Waiting>;

void take_answer(const WaitingPtr& waiting, const std::string& key, const json_rpc::Response& response) {
  if (!response.ok()) return;  // nothing was decided, so the task goes on asking: another tasks/result puts it again
  const auto give = [waiting, responses = json{{key, response.result}}] {
    const CallPtr& call = waiting->call;
    run_guarded(call, [&] {
      call->core->services.tasks->answer_task(call->context, waiting->id, responses, [](const auto&) {});
    });
  };
  if (!waiting->call->core->executor.run(give)) give();
}

// Each question once on this request; those that the client cannot answer wait for another way.
void ask_open_questions(const WaitingPtr& waiting, const TaskView& task) {
  const CallPtr& call = waiting->call;
  for (const auto& [key, request] : task.input_requests) {
    if (undeclared(*call, request) || !waiting->asked.insert(key).second) continue;
    InputRequest tagged_request = for_revision(request, call->revision);
    tagged_request.params["_meta"].update(related(task.id));
    call->peer->ask(call->exchange, tagged_request,
                    [waiting, key = key](const json_rpc::Response& response) { take_answer(waiting, key, response); });
  }
}

void answer_with_result(const CallPtr& call, const TaskView& task) {
  if (task.error) return fail(call, *task.error);
  if (!task.answer) {
    const std::string why = task.status_message.empty() ? "it has no result" : task.status_message;
    return fail(call, {rpc_code::kInternal, "the task is " + std::string(name_of(task.status)) + ": " + why, nullptr});
  }
  json result = answer_json(*task.answer, call->revision);
  result["_meta"].update(related(task.id));
  succeed(call, std::move(result));
}

void wait_for_end(const WaitingPtr& waiting, const std::optional<TaskView>& task) {
  if (!task) return fail(waiting->call, no_such_task());
  if (is_final(task->status)) return answer_with_result(waiting->call, *task);
  ask_open_questions(waiting, *task);
}

}  // namespace

std::optional<ProtocolError> read_task_wish(const CallPtr& call, const std::string& tool) {
  const auto& services = call->core->services;
  if (call->revision != Revision::v2025_11_25 || services.tasks == nullptr) return std::nullopt;
  const auto support = call->core->listings.task_support_of(services.tools->list_tools(call->context), tool);
  if (!support) return std::nullopt;  // the service says that it has no such tool
  const auto wish = call->params.find("task");
  if (wish == call->params.end()) {
    if (*support != TaskSupport::required) return std::nullopt;
    return ProtocolError{rpc_code::kMethodNotFound, tool + " can only be called as a task; add params.task", nullptr};
  }
  if (*support == TaskSupport::forbidden)
    return ProtocolError{rpc_code::kMethodNotFound, tool + " cannot be called as a task; leave params.task out",
                         nullptr};
  if (!wish->is_object()) return invalid_params("params.task is an object");
  TaskWish read;
  if (const auto ttl = wish->find("ttl"); ttl != wish->end()) {
    if (!ttl->is_number_unsigned()) return invalid_params("params.task.ttl is a number of milliseconds, a whole one");
    constexpr std::uint64_t kLongest = 1000ULL * 60 * 60 * 24 * 366 * 100;
    read.time_to_live = std::chrono::milliseconds{std::min(ttl->get<std::uint64_t>(), kLongest)};
  }
  call->context.task_wish = read;
  return std::nullopt;
}

void succeed_with_core_task(const CallPtr& call, const TaskView& task) {
  json result{{"task", core_task_json(task)}};
  if (!task.status_message.empty()) result["_meta"][meta_key::kImmediateResponse] = task.status_message;
  succeed(call, std::move(result));
  announce_changes(call, task);
}

namespace methods {

void get_core_task(const CallPtr& call) {
  const std::string* id = need_text(call, "taskId");
  if (id == nullptr) return;
  call->core->services.tasks->get_task(call->context, *id, [call](const std::optional<TaskView>& task) {
    if (!task) return fail(call, no_such_task());
    succeed(call, core_task_json(*task));
  });
}

void task_result(const CallPtr& call) {
  const std::string* id = need_text(call, "taskId");
  if (id == nullptr) return;
  const auto waiting = std::make_shared<Waiting>(Waiting{call, *id});
  call->core->services.tasks->follow_task(call->context, *id, [waiting](const std::optional<TaskView>& task) {
    run_guarded(waiting->call, [&] { wait_for_end(waiting, task); });
  });
}

void list_core_tasks(const CallPtr& call) {
  Cursor cursor;
  if (!read_cursor(call, cursor)) return;
  call->core->services.tasks->list_tasks(call->context, cursor, [call](const auto& outcome) {
    if (const auto* error = std::get_if<ProtocolError>(&outcome)) return fail(call, *error);
    const auto& page = std::get<TaskPage>(outcome);
    json result{{"tasks", json::array()}};
    for (const auto& task : page.tasks) result["tasks"].push_back(core_task_json(task));
    if (page.next_cursor) result["nextCursor"] = *page.next_cursor;
    succeed(call, std::move(result));
  });
}

void cancel_core_task(const CallPtr& call) {
  const std::string* id = need_text(call, "taskId");
  if (id == nullptr) return;
  auto& tasks = *call->core->services.tasks;
  tasks.get_task(call->context, *id, [call, &tasks, id = *id](const std::optional<TaskView>& task) {
    if (!task) return fail(call, no_such_task());
    if (is_final(task->status))
      return fail(call, invalid_params("the task has ended already: it is " + std::string(status_of(*task))));
    tasks.cancel_task(call->context, id, [call](const std::optional<TaskView>& cancelled) {
      if (!cancelled) return fail(call, no_such_task());
      succeed(call, core_task_json(*cancelled));
    });
  });
}

}  // namespace methods
}  // namespace carillon::transport

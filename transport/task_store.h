// TaskStore: the port behind tasks: work that outlives the request that started it. It serves the Tasks extension of
// 2026-07-28 and the core tasks of 2025-11-25 alike.
//
// A tool call that answers StartedTask{id} must have made the task readable by get_task before, from anywhere. Ids are
// unguessable and may stand in a header; still every call checks that the task belongs to the caller, and answers
// nothing where it does not. As in tool_service.h: many threads, one answer each, perhaps later.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/base/clock.h"
#include "transport/resource_service.h"
#include "transport/tool_service.h"

namespace carillon::transport {

enum class TaskStatus { working, input_required, completed, failed, cancelled };
std::string_view name_of(TaskStatus status);
constexpr bool is_final(TaskStatus status) { return status >= TaskStatus::completed; }

struct TaskView {
  std::string id;
  TaskStatus status = TaskStatus::working;
  std::string status_message{};
  Instant created_at{};
  Instant updated_at{};
  std::optional<std::chrono::milliseconds> time_to_live{};  // since created_at; nothing: kept for good
  std::optional<std::chrono::milliseconds> poll_interval{};
  std::map<std::string, InputRequest> input_requests{};  // while input_required; a key is never used again
  std::optional<Answer> answer{};                        // when completed, also for an answer with is_error
  std::optional<ProtocolError> error{};                  // when failed
};

// Nothing: the caller has no such task.
using TaskDone = std::function<void(std::optional<TaskView>)>;

struct TaskPage {
  std::vector<TaskView> tasks;
  std::optional<std::string> next_cursor{};
};
using TaskPageDone = std::function<void(std::variant<TaskPage, ProtocolError>)>;

class TaskStore {
 public:
  virtual ~TaskStore() = default;
  virtual void get_task(const RequestContext& context, const std::string& id, TaskDone done) = 0;
  // The caller's own tasks, in a stable order. Only clients of 2025-11-25 can ask for them.
  virtual void list_tasks(const RequestContext& context, const Cursor& cursor, TaskPageDone done) = 0;
  // Gives answers to input requests by key; keys that are unknown or answered are ignored.
  virtual void answer_task(const RequestContext& context, const std::string& id, const json& responses,
                           TaskDone done) = 0;
  // Asks the work to stop; it may end otherwise. Nothing changes on a task that has ended. A client of 2025-11-25
  // (Era::legacy) has to be told that its task is cancelled: for it the task is so at once and for good, even where the
  // work behind it needs its time.
  virtual void cancel_task(const RequestContext& context, const std::string& id, TaskDone done) = 0;
  // Tells how the task stands, and again each time that has changed, one call after the other, until it has ended or is
  // gone (nothing), or context.cancelled says that nobody listens any more.
  virtual void follow_task(const RequestContext& context, const std::string& id, TaskDone changed) = 0;
};

}  // namespace carillon::transport

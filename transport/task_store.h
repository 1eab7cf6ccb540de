// TaskStore: the port behind the Tasks extension: work that outlives the request that started it.
//
// A tool call that answers StartedTask{id} must have made the task readable by get_task before, from anywhere. Ids are
// unguessable; still every call checks that the task belongs to the caller, and answers nothing where it does not.
// As in tool_service.h: many threads, one answer each, perhaps later.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "server/base/clock.h"
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
  std::optional<std::chrono::milliseconds> time_to_live{};  // nothing: kept for good
  std::optional<std::chrono::milliseconds> poll_interval{};
  std::map<std::string, InputRequest> input_requests{};  // while input_required; a key is never used again
  std::optional<Answer> answer{};                        // when completed, also for an answer with is_error
  std::optional<ProtocolError> error{};                  // when failed
};

// Nothing: the caller has no such task.
using TaskDone = std::function<void(std::optional<TaskView>)>;

class TaskStore {
 public:
  virtual ~TaskStore() = default;
  virtual void get_task(const RequestContext& context, const std::string& id, TaskDone done) = 0;
  // Gives answers to input requests by key; keys that are unknown or answered are ignored.
  virtual void answer_task(const RequestContext& context, const std::string& id, const json& responses,
                           TaskDone done) = 0;
  // Asks the work to stop; it may end otherwise. Nothing changes on a task that has ended.
  virtual void cancel_task(const RequestContext& context, const std::string& id, TaskDone done) = 0;
};

}  // namespace carillon::transport

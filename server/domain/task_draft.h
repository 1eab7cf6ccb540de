// Task draft: what a caller says about a task in schedule_task or update_task, read and checked but not yet resolved:
// no clock, no zone, no downstream tool is needed for it. define() in engine/task_definition.h resolves it.
//
// Absent fields mean "default" when a task is made and "as it was" when one is changed; an empty text, list or object
// clears. Values; thread-safe as such.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/task.h"

namespace carillon {

// Exactly one of tool, message, prompt, steps, pipeline when a task is made; `arguments` or `input` alone change those
// of the action that is there.
struct ActionDraft {
  std::optional<std::string> tool{};
  std::optional<json> arguments{};
  std::optional<std::string> message{};
  std::optional<std::string> prompt{};
  std::optional<std::string> agent{};  // that answers the prompt; "": none is named
  std::optional<json> steps{};
  std::optional<std::string> pipeline{};  // "name" or "name@version"
  std::optional<json> input{};
  friend bool operator==(const ActionDraft&, const ActionDraft&) = default;
  bool empty() const { return *this == ActionDraft{}; }
};

struct TaskDraft {
  std::optional<std::string> when{};
  // The long form: schedule_kind + schedule_expr, as Ordinaut writes them; instead of `when`.
  std::optional<std::string> schedule_kind{};
  std::optional<std::string> schedule_expr{};
  std::optional<std::string> timezone{};
  ActionDraft action{};
  std::optional<std::string> description{};
  std::optional<std::vector<std::string>> tags{};
  std::optional<int> priority{};
  std::optional<std::string> deadline{};             // a duration; "" clears
  std::optional<json> dedupe{};                      // {"key", "window"}; {} clears
  std::optional<std::string> lock{};                 // "" clears
  std::optional<std::vector<std::string>> notify{};  // targets; none clears
  std::optional<std::string> notify_on{};            // "" clears
  std::optional<bool> paused{};                      // schedule_task only
  json options = json::object();                     // merged member by member; null or "" clears one
  friend bool operator==(const TaskDraft&, const TaskDraft&) = default;
  bool empty() const { return *this == TaskDraft{}; }
};

// The arguments of schedule_task and update_task that describe the task. Members that belong to the command itself
// (name, task, on_conflict, new_name, expected_version, restore, client_generated_id) must have been taken out.
// Errors: arguments_invalid (with the nearest argument for an unknown one).
Result<TaskDraft> read_draft(const json& arguments);

// The names that read_draft knows.
extern const std::array<std::string_view, 22> kDraftNames;

}  // namespace carillon

// Action: what a run does. One of: a tool call, a message, or the steps of a pipeline.
//
// JSON as stored in task_version.definition under "action":
//   {"kind":"tool","tool":"everything.echo","arguments":{…}}
//   {"kind":"message","message":"Check the build"}
//   {"kind":"steps","steps":[…],"input":{…}}   steps as domain/pipeline/pipeline.h reads them; those of a saved
//   pipeline are copied here with its "inputs" and "output", and "pipeline" says whose they are
//   {"kind":"prompt","prompt":"…","agent":"scout","input":{…}}   one step made of the prompt: it asks the agent (any
//   where none is named) or, with "model": true, the model; read as an action of the kind steps
// Pure values.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/base/result.h"

namespace carillon {

namespace pipeline {
struct Pipeline;
}

// The saved pipeline from which steps were taken. `latest`: the task is given the next version when there is one.
struct PipelineUse {
  std::int64_t id = 0;
  std::string name;
  int version = 1;
  bool latest = true;
};
std::string to_text(const PipelineUse& use);  // "brief@3"

inline constexpr std::string_view kAnsweringTool = "llm.generate";

// The prompt of which the only step was made. Nothing in it is filled in: input and event reach whoever answers as
// data.
struct PromptUse {
  std::string text;
  std::string agent{};  // empty: whoever takes it
  bool model = false;   // llm.generate answers it, and no agent
};
// "agent scout", "any agent", "the model".
std::string who_answers(const PromptUse& prompt);

enum class ActionKind { tool, message, steps };

inline constexpr auto kActionKindNames = std::to_array<std::string_view>({"tool", "message", "steps"});
constexpr std::string_view name_of(ActionKind kind) { return kActionKindNames[static_cast<std::size_t>(kind)]; }

struct Action {
  ActionKind kind = ActionKind::message;
  std::string tool;  // kind tool
  json arguments = json::object();
  std::string message;                                   // kind message
  json steps = json::array();                            // kind steps, as they were written
  std::shared_ptr<const pipeline::Pipeline> pipeline{};  // kind steps, as they were read; never null then
  json input = json::object();                           // kind steps; run_now may replace it
  std::optional<PipelineUse> use{};                      // kind steps, when a saved pipeline's
  std::optional<PromptUse> prompt{};                     // kind steps, when a prompt's
};

json to_json(const Action& action);
// The same in the words of a caller: {"pipeline": "brief", "input": {…}} and not the steps that were copied.
json as_arguments(const Action& action);
// Reads what to_json wrote, and what a caller gave: every field is checked. Errors: arguments_invalid with a pointer
// below `pointer`.
Result<Action> read_action(const json& value, std::string_view pointer);

// What whoever wrote it may not expect, a sentence each: templates where none are filled in.
std::vector<std::string> action_warnings(const Action& action);

}  // namespace carillon

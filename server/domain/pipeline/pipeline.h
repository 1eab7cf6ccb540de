// Pipelines: steps as data, read and checked (spec pipelines.md). A definition is one JSON object:
//
//   {"steps": [step…], "inputs"?: JSON Schema of an object, "output"?: any JSON with templates, "description"?: text}
//
// and a step {"id", one kind, "if"?, "needs"?, "timeout"?, "retry"?, "on_error"?, "expect"?, "undo"?, "save_as"?,
// "sensitive"?}. Ids are unique in the whole pipeline, so that `steps.<id>` and a step's path say the same everywhere.
// A step without `needs` comes after the one before it; `needs` names steps of the list that holds it.
//
// Values; reading is pure. Thread-safe as such.
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/retry.h"

namespace carillon::pipeline {

enum class StepKind {
  tool,
  sequence,
  parallel,
  map,
  choice,
  wait,
  signal,
  approval,
  http,
  script,
  event,
  state,
  child,
  agent
};

// The member that makes a step one of that kind.
inline constexpr auto kStepKindMembers =
    std::to_array<std::string_view>({"uses", "sequence", "parallel", "map", "switch", "wait", "signal", "approval",
                                     "http", "script", "event", "state", "pipeline", "agent"});
constexpr std::string_view member_of(StepKind kind) { return kStepKindMembers[static_cast<std::size_t>(kind)]; }
// Its work is that of the steps inside it.
constexpr bool is_container(StepKind kind) { return kind >= StepKind::sequence && kind <= StepKind::choice; }

struct Step;
struct Branch {
  std::string condition{};  // of a switch; empty: else, or not a switch
  std::vector<Step> steps;
};

// How many branches of a parallel step have to succeed.
enum class JoinKind { all, any, majority, at_least };
struct Join {
  JoinKind kind = JoinKind::all;
  std::size_t least = 0;  // at_least
  bool fail_fast = true;  // once it cannot be reached any more, or is reached, the others are cancelled
};
std::size_t needed_branches(const Join& join, std::size_t branches);

enum class AfterError { fail, go_on, go_to };
struct OnError {
  AfterError what = AfterError::fail;
  std::size_t target = 0;  // go_to: the place of a later step in the same list
};

struct Step {
  std::string id;
  StepKind kind = StepKind::tool;
  json body = nullptr;             // what stands behind the kind's member; of a tool {"uses", "with"}, of a child too
  std::string condition{};         // of `if`; empty: always
  std::vector<std::size_t> needs;  // places in the list that holds it
  std::vector<Branch> branches{};  // of a container: sequence and map one, parallel and switch each
  Join join{};                     // parallel
  std::string item = "item";       // map: the name of the item
  std::size_t max_parallel = 5;    // map
  std::optional<Duration> timeout{};
  std::optional<RetryPolicy> retry{};
  OnError on_error{};
  std::string expect{};
  std::vector<Step> undo{};  // none or one
  std::string save_as{};
  std::vector<std::string> sensitive{};  // JSON pointers
  std::string pointer{};                 // where it stands in the definition
};

struct Pipeline {
  std::vector<Step> steps;
  json inputs = nullptr;  // JSON Schema
  json output = nullptr;  // templates
  std::string description{};
};

struct Limits {
  std::size_t steps_max = 100;  // with those inside
  std::size_t nesting_max = 8;
  std::size_t bytes_max = 1'000'000;
};

// Errors: arguments_invalid and too_large, the pointer behind `pointer`: unknown members with the nearest name, kinds
// that are none or several, ids twice, needs that are not there, circles by their steps' names, expressions and
// templates that cannot be read.
Result<Pipeline> read_pipeline(const json& definition, std::string_view pointer, const Limits& limits = {});

// Every step that does work itself, those of branches and undos too, in the order of the definition; they belong to the
// pipeline.
std::vector<const Step*> leaves_of(const Pipeline& pipeline);

}  // namespace carillon::pipeline

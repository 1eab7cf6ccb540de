// Commands and questions about saved pipelines and their answers: save_pipeline, list_pipelines and the plan of a
// preview. `at` is the instant of the first answer. JSON: answers_json.h. Values only.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/json.h"
#include "server/engine/command.h"

namespace carillon {

// save_pipeline -------------------------------------------------------------------------------------------------------

// Steps, or what to begin with: a pipeline in one of its versions (an older one of the same name is a way back), or a
// template with the values of its params. What is given beside it takes the place of what it says.
struct SavePipeline {
  CommandKey key{};
  std::string name{};
  std::optional<json> steps{};
  std::optional<std::string> description{};
  std::optional<json> inputs{};                // JSON Schema of the input
  std::optional<json> output{};                // templates
  std::optional<std::string> from_template{};  // "name" or "name@version"
  std::optional<json> params{};                // with from_template values; else their JSON Schema: it is a template
  std::optional<int> expected_version{};       // 0: there must be none
  bool dry_run = false;
};

// A tool that the steps call.
struct ToolUse {
  std::string tool{};
  std::string effect{};  // read, idempotent, destructive; empty: its server cannot be asked now
  std::vector<std::string> steps{};
};

struct PipelineSaved {
  std::string pipeline{};
  std::string result{};  // created, updated, unchanged
  bool dry_run = false;  // nothing was saved; result says what would have been
  int version = 1;
  bool is_template = false;
  std::vector<std::vector<std::string>> order{};  // ids of the outermost steps; those of one list run side by side
  std::vector<ToolUse> tools{};
  std::vector<std::string> changed{};  // lines: what differs from the version before
  std::vector<std::string> tasks{};    // that run the new version from now on
  std::vector<std::string> warnings{};
  Instant at{};
};

// list_pipelines ------------------------------------------------------------------------------------------------------

struct ListPipelines {
  std::optional<std::string> query{};  // part of the name or description
  std::vector<std::string> names{};    // these, whole: "name" or "name@version"
  bool templates = false;
  int limit = 10;
  std::optional<std::string> cursor{};
};

struct PipelineRow {
  std::string pipeline{};
  int version = 1;
  std::string description{};
  std::vector<std::string> steps{};  // ids of the outermost
  std::int64_t tasks = 0;            // that run it
  Instant saved_at{};
  std::string saved_by{};
};

struct VersionRow {
  int version = 1;
  std::string checksum{};  // the same for the same content
  Instant saved_at{};
  std::string saved_by{};
};

struct PipelineDetail {
  PipelineRow row{};
  int latest = 1;
  bool is_template = false;
  json definition = nullptr;
  std::vector<VersionRow> versions{};  // at most ten, the newest first
  std::vector<std::string> tasks{};    // that run it
};

struct PipelinePage {
  std::vector<PipelineRow> pipelines{};   // by name
  std::vector<PipelineDetail> details{};  // of names, in their order
  std::vector<std::string> difference{};  // lines: between two versions of one pipeline that were named
  std::int64_t total = 0;
  std::optional<std::string> next_cursor{};
  std::string zone{};
  Instant now{};
};

// preview -------------------------------------------------------------------------------------------------------------

// A saved pipeline or steps, and what they would be given. With `stubs` the planner goes through them with these
// results in place of calls.
struct PreviewPlan {
  std::optional<std::string> pipeline{};
  std::optional<json> steps{};
  json input = json::object();
  std::optional<json> stubs{};  // {step id or path: result}
};

struct PlanRow {
  std::string step{};               // path, as in get_run
  int stage = 1;                    // steps of one stage begin side by side; 0: never begins
  std::string kind{};               // uses, wait, event …
  std::string target{};             // of a tool step
  std::string effect{};             // read, write, outside; empty: not known
  std::string state{};              // with stubs: what became of it
  json arguments = nullptr;         // as far as they can be filled in
  std::vector<std::string> open{};  // templates that only a run can fill in: "/text: ${steps.issues.count}"
  std::string approval{};           // who must approve
  std::string problem{};
};

struct PlannedSteps {
  std::string pipeline{};  // "brief@3"
  std::vector<PlanRow> plan{};
  bool more = false;
  std::string ends{};  // with stubs: succeeded, failed, or empty where a stub is missing
  json output = nullptr;
  std::vector<std::string> problems{};
  Instant now{};
};

}  // namespace carillon

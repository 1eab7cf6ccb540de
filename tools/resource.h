// A resource is a row: everything that is known of it, once (as a tool is, tool.h).
//
// From the row come the listing or template, completion of its variables, the scope asked for, whether it can be
// watched, the metric label and its line in docs/resources.md. A reader asks the engine once and encodes; the variables
// are decoded and not empty. It never waits.
//
// Rows are constants. Readers are called from many threads at once and hold no state.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/caller.h"
#include "server/engine/changes.h"
#include "tools/ports.h"
#include "tools/resource_uri.h"
#include "tools/suggestions.h"

namespace carillon::tools {

struct Variable {
  std::string_view name;
  Suggest suggest = nullptr;
};

struct ReadCall {
  const Caller& caller;
  const Ports& ports;
  const Variables& variables;
  const std::string& at(const char* name) const { return variables.find(name)->second; }
};

// The same thing, in one form each.
struct ReadBlock {
  std::string_view mime_type;  // a constant
  std::string text;
};
ReadBlock json_block(const json& value);

struct Reading {
  std::vector<ReadBlock> blocks;
  std::chrono::milliseconds fresh_for{0};
};

// What a watcher of a resource watches: nothing that could be told, the tenant's status, the task, pipeline or run that
// the first variable names, or the key of the shared state that the first two name.
enum class Watch { nothing, status, task, pipeline, run, state };

struct Resource {
  std::string_view pattern;  // run://{id}/log; without variables it is listed as it stands
  std::string_view name;     // snake case; the metric label
  std::string_view title;
  std::string_view summary;
  std::string_view mime_type;
  Scope scope = Scope::read;
  std::span<const Variable> variables{};
  Watch watch = Watch::nothing;
  std::string_view example;  // a URI
  Result<Reading> (*read)(const ReadCall&);
};

// Every row, in the order of the listing.
std::span<const Resource> all_resources();

// The families (one file each), as all_resources() joins them.
std::span<const Resource> status_resources();
std::span<const Resource> task_resources();
std::span<const Resource> run_resources();
std::span<const Resource> pipeline_resources();
std::span<const Resource> catalog_resources();
std::span<const Resource> state_resources();

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kPlainText = "text/plain";
inline constexpr std::string_view kMarkdown = "text/markdown";
inline constexpr std::string_view kCalendar = "text/calendar";

// The URIs that answers link to.
std::string task_uri(std::string_view task);
std::string pipeline_uri(std::string_view pipeline);  // "brief" or "brief@3"
std::string run_uri(std::string_view run);
std::string run_input_uri(std::string_view run);
std::string run_log_uri(std::string_view run);
std::string run_output_uri(std::string_view run);
std::string step_output_uri(std::string_view run, std::string_view step);
std::string state_uri(std::string_view space, std::string_view key);
std::string tool_uri(std::string_view server_and_tool);

}  // namespace carillon::tools

// A tool is a row: everything that is known of it, once (docs/adding-a-tool.md).
//
// From the row come the MCP listing with its annotations, input validation, the REST route, OpenAPI, `carillon call`,
// the scope asked for, the metric label and the reference page. A handler decodes, calls the engine once and encodes:
// dispatch has repaired and validated the arguments before. It never waits: what takes longer is Parked.
//
// Rows are constants. Handlers are called from many threads at once and hold no state.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/base/clock.h"
#include "server/base/embedded_text.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/caller.h"
#include "tools/ports.h"
#include "transport/tool_service.h"

namespace carillon::tools {

// What --toolsets chooses among. A row belongs to one.
enum class Toolset { core, pipelines, events, catalog, state };
inline constexpr auto kToolsetNames =
    std::to_array<std::string_view>({"core", "pipelines", "events", "catalog", "state"});
constexpr std::string_view name_of(Toolset toolset) { return kToolsetNames[static_cast<std::size_t>(toolset)]; }

// What a call may do, for hosts that ask their user: they become the MCP annotations.
struct Hints {
  bool reads_only = false;
  bool destroys = false;
  bool idempotent = false;
  bool open_world = false;  // reaches servers outside
};

// A resource that holds what is too long for an answer (resource.h).
struct ResourceLink {
  std::string uri;
  std::string name;
  std::string_view mime_type;  // a constant
  std::size_t bytes = 0;
};

// What a tool says when it did what was asked. `text` and `structured` tell the same facts, the URIs of the links
// included.
struct Answer {
  // failed: the run that the call asked for ended badly. No refusal, so the facts are those of the run, yet an error
  // for whoever called.
  enum class Ending { well, failed };
  json structured = json::object();
  std::string text;
  Ending ending = Ending::well;
  std::vector<ResourceLink> links{};
};

struct CallContext {
  Caller caller;
  const transport::RequestContext& request;
  const Ports& ports;
};

// The call goes on when `run` has ended or `wait` is over, whichever is first; it costs no thread until then. The row's
// `resume` answers then, perhaps in another process and days later: what it needs is in `shape`, small and without
// secrets.
struct Parked {
  RunId run;
  Duration wait;
  json shape = json::object();
};

using ToolOutcome = std::variant<Answer, Error, Parked>;
// A result that needs no waiting.
ToolOutcome settled(Result<Answer> result);

// Other names for the same arguments, rewritten before anything is checked. `aside` passes by the schema and is merged
// into the arguments afterwards.
struct Translated {
  json arguments;
  json aside = json::object();
  std::vector<std::string> notes{};
};

struct Tool {
  std::string_view name;  // verb_noun, 24 characters at most
  std::string_view title;
  std::string_view summary;  // the description that models read: facts only
  EmbeddedText input_schema;
  std::string_view output_schema{};  // empty but for the stable results that code may rely on
  Hints hints{};
  Scope scope;
  Toolset toolset;
  std::string_view example;  // arguments that would work, as JSON: for errors, OpenAPI and the reference page
  ToolOutcome (*call)(CallContext&, const json& arguments);
  Result<Translated> (*translate)(json arguments) = nullptr;
  bool makes_tasks = false;  // refused to calls that a run makes
  // Answers a call that was parked with what is true now. A row that has it can be followed as a task of MCP.
  Result<Answer> (*resume)(const CallContext&, RunId run, const json& shape) = nullptr;
};

// Every row, in the order of the listing.
std::span<const Tool> all_tools();
const Tool* find_tool(std::string_view name);

// The families (one file each), as all_tools() joins them.
std::span<const Tool> task_tools();
std::span<const Tool> task_state_tools();
std::span<const Tool> run_tools();
std::span<const Tool> pipeline_tools();
std::span<const Tool> event_tools();
std::span<const Tool> catalog_tools();
std::span<const Tool> state_tools();
std::span<const Tool> status_tools();

// What scripts and people need and a chat does not: rows like the others, offered over REST alone and not among
// all_tools(), because every tool that a model sees costs room.
std::span<const Tool> rest_tools();

}  // namespace carillon::tools

// What a client says and how it reads the answers: the pure half of the client. Listings keep the member order of other
// people's schemas. What a server sends is untrusted: an entry that is no tool is dropped with the reason, never fatal.
//
// Pure functions and values; thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "transport/client_wire.h"
#include "transport/json_rpc.h"
#include "transport/mcp_headers.h"
#include "transport/protocol.h"
#include "transport/request_context.h"

namespace carillon::transport {

// A tool as the server lists it. The hints are what it claims of itself.
struct ListedTool {
  std::string name;
  std::string title;
  std::string description;
  ordered_json input_schema;
  ordered_json output_schema;  // null: none
  std::optional<bool> read_only, idempotent, destructive, open_world;
  bool needs_task = false;  // it runs as a core task of 2025-11-25 only (execution.taskSupport)
  std::vector<HeaderParam> header_params;
};

struct ToolPage {
  std::vector<ListedTool> tools;
  std::vector<std::string> dropped;  // "name: reason"
  std::optional<std::string> next_cursor;
  Duration fresh_for{0};
};

// The Mcp-Param-* headers of a call: absent and null arguments have none.
std::vector<Header> param_headers(const std::vector<HeaderParam>& params, const json& arguments);

// What the handshake learned of the server.
struct ServerFacts {
  Era era = Era::legacy;
  Revision revision = kNewestLegacy;
  std::string name, version, instructions;
  json capabilities = json::object();
  bool announces_list_changes() const;
  bool makes_core_tasks() const;  // of calls, where they ask for it (2025-11-25)
};

enum class ResultKind { complete, input_required, task, unknown };
ResultKind kind_of(const json& result);

// A task that a server made of a call, in the words of either form (reference C1 and C2).
struct ServerTask {
  std::string id;  // bounded, because it stands in a header
  std::string status;
  std::string message;                      // statusMessage
  std::optional<Duration> poll_interval{};  // the server's wish
  json whole = json::object();              // result, error and inputRequests of the newer form
  bool has_ended() const { return status == "completed" || status == "failed" || status == "cancelled"; }
};
// Nothing: it describes no task. `description`: what tasks/get answers, or a call that became a task.
std::optional<ServerTask> read_task(const json& description);

// `capabilities`: what we offer a server.
json initialize_params(const json& capabilities = json::object());
// Adds what every request of this era carries in _meta; members that are there already stay.
void add_envelope(json& params, Revision revision, const json& capabilities = json::object());

// Nothing: the answer is none that we can use.
std::optional<ServerFacts> read_initialize_result(const json& result);
// Nothing: the server offers no modern revision that we speak.
std::optional<ServerFacts> read_discover_result(const json& result);
// Nothing: the result is no tool list. Over HTTP, tools with broken header marks are dropped.
enum class HeaderMarks { ignored, checked };
std::optional<ToolPage> read_tool_page(const ordered_json& result, HeaderMarks marks);

// Whether a modern server speaks through this error (reference B5); of -32022, only if it offers what we speak.
bool proves_modern(const json& error, int http_status);

// The id of ours that a line which is no JSON-RPC seems to answer: the request is then known to have failed.
std::optional<std::int64_t> id_in_broken_answer(std::string_view line);

}  // namespace carillon::transport

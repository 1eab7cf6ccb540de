// Built-in servers: tools that need no MCP process. A server is a list of rows; each names its schema, its effect and
// the function that does the work. `carillon` is always there; the others are described where their rows are made.
//
// What is done at once is done on the thread that calls. What leads outside takes its turn (builtin_calls.h) and may
// block. Values, but for what the functions of the rows say; the rows' functions may be called from any thread.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog_options.h"
#include "catalog/tool_list.h"
#include "server/domain/tool_caller.h"

namespace carillon::catalog {

inline constexpr const char* kBuiltInServer = "carillon";

// With whom a call shares its breaker, and how many of them may be under way.
struct Destination {
  std::string name;  // as a server's: "http:api.example.com"
  std::size_t places = 1;
  bool has_breaker = true;
};

struct BuiltInTool {
  std::string name{}, title{}, description{};
  ordered_json input_schema{};
  Effect effect = Effect::destructive;
  bool needs_network = false;
  std::string off{};  // why it cannot be used, and what to set; empty: it can
  // Not set: it is done at once. Errors: arguments_invalid, not_allowed.
  std::function<Result<Destination>(const ToolCall&)> destination{};
  // Ends soon once it is asked to stop.
  std::function<ToolReply(const ToolCall&, const std::stop_token&)> run{};
};

class BuiltInServer {
 public:
  BuiltInServer(std::string name, std::vector<BuiltInTool> tools);

  const std::string& name() const { return name_; }
  ToolListPtr list() const { return list_; }
  const BuiltInTool* find(std::string_view tool) const;
  // Errors: unknown_tool, not_allowed (it is off).
  Result<ToolFacts> describe(const std::string& tool) const;
  // What speaks against the call before it is begun.
  std::optional<ToolReply> refuse(const ToolCall& call, const std::string& tool) const;

 private:
  std::string name_;
  std::vector<BuiltInTool> tools_;
  ToolListPtr list_;
};

// echo and notify_log.
std::vector<BuiltInTool> plain_tools();
// Text as the tool's whole result; secrets masked.
ToolReply text_reply(const std::string& text);

}  // namespace carillon::catalog

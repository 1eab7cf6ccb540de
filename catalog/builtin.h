// Built-in servers: tools that need no MCP process. A server is a list of rows; each names its schema, its effect and
// the function that does the work. Where the rows are made they are described.
//
// What is done at once is done on the thread that calls. What leads outside takes its turn (builtin_calls.h) and may
// block. Values, but for what the functions of the rows say; the rows' functions may be called from any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
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
  using Run = std::function<ToolReply(const ToolCall&, const std::stop_token&)>;

  std::string name{}, title{}, description{};
  ordered_json input_schema{};
  Effect effect = Effect::destructive;
  bool needs_network = false;
  bool fills_in_template = false;                        // see ToolFacts
  std::function<Status(const json& arguments)> check{};  // the same
  std::optional<Error> off{};  // why it cannot be used, and what to set: not_allowed or needs_sign_in
  // Not set: it is done at once. Errors: arguments_invalid, not_allowed.
  std::function<Result<Destination>(const ToolCall&)> destination{};
  // Ends soon once it is asked to stop.
  Run run{};
};

class BuiltInServer {
 public:
  // `timeout`: of a call, where neither it nor its task says.
  BuiltInServer(std::string name, std::vector<BuiltInTool> tools, std::optional<Duration> timeout = std::nullopt);

  const std::string& name() const { return name_; }
  ToolListPtr offered() const { return offered_; }  // what can be used
  std::optional<Duration> timeout() const { return timeout_; }
  const BuiltInTool* find(std::string_view tool) const;
  // Errors: unknown_tool, not_allowed and needs_sign_in (it is off).
  Result<ToolFacts> describe(const std::string& tool) const;
  // What speaks against the call before it is begun.
  std::optional<ToolReply> refuse(const ToolCall& call, const std::string& tool) const;

 private:
  std::string name_;
  std::vector<BuiltInTool> tools_;
  std::optional<Duration> timeout_;
  ToolListPtr list_, offered_;
};

// echo and notify_log.
std::vector<BuiltInTool> plain_tools();
// Text as the tool's whole result; secrets masked.
ToolReply text_reply(const std::string& text);

}  // namespace carillon::catalog

// ToolSet: the rows as an MCP server's tools (implements transport's ToolService), and the door for the REST mirror.
//
// What a caller may not use is not listed to it; how a call goes is told in served_call.h. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"
#include "tools/ports.h"
#include "tools/tool.h"
#include "transport/tool_service.h"

namespace carillon::tools {

struct ToolSetOptions {
  std::vector<std::string> toolsets{};  // empty: all
  std::string prefix{};                 // put before every name that MCP clients see
};
// Errors: arguments_invalid naming the nearest toolset, or a prefix that no host accepts.
Status check(const ToolSetOptions& options);

class ToolSet final : public transport::ToolService {
 public:
  ToolSet(const Ports& ports, ToolSetOptions options);
  ~ToolSet() override;

  std::shared_ptr<const transport::ToolList> list_tools(const transport::RequestContext& context) override;
  void call_tool(const transport::RequestContext& context, const std::string& name, json arguments,
                 transport::ToolDone done) override;

  // The same call by the row's own name, whatever the prefix, for REST. Nothing happens and false is returned for a
  // name that is not offered there.
  bool call_row(const transport::RequestContext& context, std::string_view name, json arguments,
                transport::ToolDone done);
  std::vector<const Tool*> offered() const;  // to MCP
  std::vector<const Tool*> offered_over_rest() const;

  // The server instructions: under 1,500 characters, most important first.
  std::string instructions() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One entry of the listing; `prefix` goes before its name and before the names of tools in its description.
transport::ToolEntry tool_entry(const Tool& tool, std::string_view prefix);

}  // namespace carillon::tools

#include <algorithm>

#include "tools/catalog_answers.h"
#include "tools/downstream.h"
#include "tools/resource.h"

// The catalog of downstream servers: one tool each.

namespace carillon::tools {
namespace {

constexpr std::chrono::minutes kSchemaFreshFor{1};
constexpr Duration kListingWait = std::chrono::seconds{10};  // for a server that has to be started first

Result<Reading> read_tool(const ReadCall& call) {
  const auto facts =
      call.ports.downstream.describe_tool(call.caller.tenant, call.at("server") + "." + call.at("tool"), kListingWait);
  if (!facts.ok()) return facts.error();
  return Reading{.blocks = {json_block(json(tool_row(*facts, DownstreamDetail::schema)))},
                 .fresh_for = kSchemaFreshFor};
}

constexpr Variable kTool[] = {{"server", suggest_servers}, {"tool", suggest_tools}};

constexpr Resource kCatalogResources[] = {
    {.pattern = "catalog://{server}/{tool}",
     .name = "catalog_tool",
     .title = "Downstream tool",
     .summary = "A tool of a downstream server: what it does, its effect, its schemas.",
     .mime_type = kJson,
     .variables = kTool,
     .example = "catalog://carillon/echo",
     .read = read_tool},
};

}  // namespace

std::span<const Resource> catalog_resources() { return kCatalogResources; }

std::string tool_uri(std::string_view server_and_tool) {
  const std::size_t dot = server_and_tool.find('.');
  return fill_uri(kCatalogResources[0].pattern, {server_and_tool.substr(0, dot), server_and_tool.substr(dot + 1)});
}

}  // namespace carillon::tools

#include "server/cli/downstream.h"

#include "server/domain/nearest.h"

namespace carillon::cli {
namespace {

bool in_trouble(const catalog::ServerReport& report) {
  return report.state == catalog::ServerState::backing_off || report.state == catalog::ServerState::needs_sign_in ||
         report.state == catalog::ServerState::misconfigured;
}

tools::DownstreamServer describe(const catalog::ServerReport& report) {
  tools::DownstreamServer server;
  server.name = report.name;
  server.state = std::string{name_of(report.state)};
  server.latency = report.latency;
  server.tools = report.tool_count;
  server.sign_in = report.sign_in;
  if (report.wants_person) server.detail = report.sign_in;
  if (in_trouble(report)) {
    server.detail = report.last_error;
    server.stderr_tail = report.error_tail;
  }
  if (report.breaker.state != BreakerState::closed)
    server.detail = say(report.breaker) + (report.last_error.empty() ? "" : "; its latest error: " + report.last_error);
  return server;
}

}  // namespace

Result<tools::DownstreamFound> CatalogDownstream::search_tools(const TenantId&, const tools::DownstreamQuery& query) {
  tools::DownstreamFound found;
  if (query.wait > Duration{0}) catalog_.look_around(query.server, query.wait);
  for (const auto& report : catalog_.servers())
    if (query.server.empty() || report.name == query.server) found.servers.push_back(describe(report));
  auto matches = catalog_.search({.query = query.query, .server = query.server, .limit = SIZE_MAX});
  if (!matches.ok()) return matches.error();
  found.total = matches->size();
  for (const auto& match : *matches) {
    if (found.tools.size() == query.limit) break;
    found.tools.push_back(match.tool->facts());
  }
  return found;
}

Result<ToolFacts> CatalogDownstream::describe_tool(const TenantId& tenant, const std::string& tool, Duration wait) {
  return catalog_.describe(tenant, tool, wait);
}

}  // namespace carillon::cli

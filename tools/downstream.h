// Downstream: what the tools may know of the catalog, in their own words. The catalog's owner implements it.
//
// Read-only: it may start servers to list their tools and waits for them no longer than `wait`; with a wait of zero it
// starts nothing and tells what is known. Secrets are masked by whoever answers. Thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/id.h"
#include "server/base/json.h"
#include "server/base/result.h"
#include "server/domain/tool_caller.h"

namespace carillon::tools {

enum class DownstreamDetail { name, summary, schema };

struct DownstreamQuery {
  std::string query{};   // words in name or description; empty: all
  std::string server{};  // only this one; empty: all
  DownstreamDetail detail = DownstreamDetail::summary;
  std::size_t limit = 10;
  Duration wait = std::chrono::seconds{10};
};

struct DownstreamServer {
  std::string name;
  std::string state;      // ready, starting, stopped, failed, needs_sign_in …: the catalog's word
  std::string detail;     // what is wrong and what would help; empty when nothing is
  std::string sign_in{};  // how we are signed in, or what a person must do; empty: the server does not ask for it
  std::optional<Duration> latency{};
  std::optional<std::size_t> tools{};  // how many; nothing while it was never listed
  std::string stderr_tail;             // the last lines it wrote, only when something is wrong
};

struct DownstreamFound {
  std::vector<DownstreamServer> servers;  // those that were asked about
  std::vector<ToolFacts> tools;           // best first
  std::size_t total = 0;                  // before `limit`
};

class Downstream {
 public:
  virtual ~Downstream() = default;
  // Errors: unknown_name at /server, with the nearest.
  virtual Result<DownstreamFound> search_tools(const TenantId& tenant, const DownstreamQuery& query) = 0;
  // One tool by its address "server.tool". Errors: unknown_tool with the nearest, server_unavailable, needs_sign_in.
  virtual Result<ToolFacts> describe_tool(const TenantId& tenant, const std::string& tool, Duration wait) = 0;
};

}  // namespace carillon::tools

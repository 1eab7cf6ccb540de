// The catalog: which downstream servers exist, their processes, and calls to their tools. Implements ToolCaller.
//
// servers.json is looked at with every call and read again when it changed: servers whose entry is the same live on,
// others finish what they have in flight and end. A tool is addressed `server.tool`; those of built-in servers
// (builtin.h) need no process.
// A waiting call costs no thread: one ClientLoop serves all stdio servers, a bounded pool all HTTP exchanges.
//
// Thread-safe. `done` handlers run on the loop's thread (or the caller's): they must be short and must not call
// describe() or look_around(), which wait for that thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/breakers.h"
#include "catalog/builtin.h"
#include "catalog/builtin_calls.h"
#include "catalog/catalog_options.h"
#include "catalog/entries_file.h"
#include "catalog/llm_tools.h"
#include "catalog/search.h"
#include "catalog/server_link.h"
#include "catalog/server_report.h"
#include "server/base/guarded.h"
#include "server/domain/tool_caller.h"

namespace carillon::catalog {

struct ToolSearch {
  std::string query;   // words; empty: all tools
  std::string server;  // empty: all servers
  std::size_t limit = 20;
};

class Catalog final : public ToolCaller {
 public:
  // `signing_key`: the installation's, with which requests of http tools are signed; empty: they are not. `prompts`:
  // whose templates models are given; without, none.
  explicit Catalog(CatalogOptions options, std::string signing_key = "", PromptSource prompts = {});
  ~Catalog() override;  // ends every server with its process group

  CallId start(ToolCall call, std::function<void(ToolReply)> done) override;
  void cancel(CallId call, std::string_view reason) override;
  Result<ToolFacts> describe(const TenantId& tenant, std::string_view tool, Duration wait) override;
  // JSON pointers into the tool's arguments and results that its entry calls sensitive; known without the server.
  std::vector<std::string> sensitive(std::string_view tool);

  // Every configured server, the built-in one first, with what is known of it now. Starts nothing.
  std::vector<ServerReport> servers();
  // Whether calls of a tool ("server.tool") certainly need no network: those of built-in tools that say so, and of
  // servers at a loopback address. A process of this machine may need one: nobody can say.
  bool stays_here(std::string_view tool);
  // Starts what is not running and lists tools anew where the list is old, at most `wait` long; then what is known now
  // is as good as it gets. One server, or all when `server` is empty.
  void look_around(std::string_view server, Duration wait);
  // Among the tools that have been listed (see look_around). Errors: unknown_name for a server that is not there.
  Result<std::vector<ToolMatch>> search(const ToolSearch& search);

  // What the breakers of this process decided, and what those of others did (breakers.h). Calls that wait for their
  // turn at a server that is shut now are refused.
  std::vector<BreakerNews> breaker_news() const { return breakers_.news(); }
  void take_over_breakers(const std::vector<BreakerNews>& told, const std::vector<SharedBreaker>& now_known);

  // What is wrong with servers.json, all of it; and what is odd about it.
  std::vector<EntryProblem> problems();
  std::vector<std::string> warnings();

 private:
  struct Servers {
    std::map<std::string, std::shared_ptr<ServerLink>> links;
    std::map<std::string, std::string> broken;  // name and why
    std::vector<EntryProblem> problems;
    std::vector<std::string> warnings;
    std::vector<std::weak_ptr<ServerLink>> retired;
  };
  struct Address {
    std::string server, tool;
  };

  // Null where there is none, or an entry of servers.json takes its place.
  const BuiltInServer* find_built_in(const std::string& server);
  // Those of which something can be used.
  std::vector<const BuiltInServer*> built_in_in_use();
  void start_built_in(const BuiltInServer& server, BuiltInJob job, const std::string& tool);
  void reload_if_changed();
  void take_entries(Servers& servers, EntriesRead read);
  std::shared_ptr<ServerLink> find_link(const std::string& server);
  ToolReply unknown_server(const std::string& server);
  void warn_of_places(Servers& servers, const ServerEntry& entry);
  std::vector<std::shared_ptr<ServerLink>> all_links();
  Result<ToolListPtr> fetch_list(const std::shared_ptr<ServerLink>& link, Duration wait);
  Result<ToolListPtr> list_of(const Address& address, Duration wait);
  std::vector<std::shared_ptr<const CatalogTool>> listed_tools(std::string_view server);
  std::vector<std::string> nearest_addresses(std::string_view tool);
  static std::vector<std::string> with_server(const std::string& server, std::vector<std::string> tools);
  static std::optional<Address> split(std::string_view tool);

  CatalogOptions options_;
  EntriesFile file_;
  transport::ClientLoop loop_;
  std::shared_ptr<LoopDoor> door_ = std::make_shared<LoopDoor>(loop_);
  std::shared_ptr<transport::BlockingPool> pool_, listening_;
  const std::vector<BuiltInServer> built_in_;
  const std::shared_ptr<BuiltInCalls> built_in_calls_;
  Breakers breakers_;
  Guarded<Servers> servers_;
  std::atomic<CallId> last_call_{0};
};

}  // namespace carillon::catalog

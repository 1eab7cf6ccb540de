// ResourceWatch: tells whoever watches a resource that it has changed, whatever process changed it.
//
// A watch begins with the mark of what it watches (engine/changes.h), before the client learns that it watches; a look
// asks for the marks again and tells the difference. A look is one statement a kind, for at most `looked_at_max`
// things; it is asked for once a second and after each run that ended in this process (soon.h). Nobody watches: nothing
// is asked. Tenants hear of their own only.
//
// Thread-safe; looks happen one at a time. What it serves must be stopped before it goes.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/base/guarded.h"
#include "server/domain/caller.h"
#include "server/engine/changes.h"

namespace carillon {
class Engine;
}  // namespace carillon

namespace carillon::transport {
class McpServer;
}  // namespace carillon::transport

namespace carillon::tools {

struct FoundResource;

struct ResourceWatchLimits {
  std::size_t looked_at_max = 1'000;
  // Between begin() and the moment at which the server knows the watcher; afterwards what nobody watches is forgotten.
  Duration unwatched_max = std::chrono::seconds{30};
};

class ResourceWatch {
 public:
  explicit ResourceWatch(Engine& engine, ResourceWatchLimits limits = {}) : engine_(engine), limits_(limits) {}

  // Before anybody connects to the server.
  void serve(transport::McpServer& server) {
    servers_.with([&](Servers& servers) { servers.push_back(&server); });
  }

  // Notes how the resource stands; false: there is no task or run of that name, or no key could have it. Throws when
  // the database is away.
  bool begin(const Caller& caller, const std::string& uri, const FoundResource& found);

  // One look at everything that is watched. Throws when the database is away; then the next one tells.
  void look();

 private:
  struct Key {
    TenantId tenant;
    std::string uri;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Entry {
    std::optional<Watched> subject{};  // none: the tenant's status
    ChangeMark mark{};
    Monotonic begun{};
  };
  using Entries = std::map<Key, Entry>;
  using Servers = std::vector<transport::McpServer*>;

  Servers servers() const {
    return servers_.with([](const Servers& all) { return all; });
  }
  std::set<Key> watched_now() const;
  std::vector<Watched> next_subjects(const std::set<Key>& watched);
  std::vector<Key> take_changes(const ChangeMarks& marks);
  void look_at_activity();
  std::vector<Key> statuses() const;
  bool lists_are_heard() const;
  void tell(const std::vector<Key>& changed) const;
  void tell_lists(const Activity& activity) const;

  Engine& engine_;
  const ResourceWatchLimits limits_;
  Guarded<Servers> servers_;
  Guarded<Entries> entries_;
  std::mutex looking_;
  ActivityTail tail_;                // under looking_
  std::optional<Watched> last_one_;  // under looking_; where a long row of looks goes on
};

}  // namespace carillon::tools

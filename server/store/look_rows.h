// Look rows for the worker: which looks at a tool's result are due, and what each left behind. A look is leased, so
// that one process makes it; what came of it is written by its number, so that a late end changes nothing.
//
// Cross-tenant: runs as carillon_dispatch. Belongs to its connection's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/store/hot_path.h"

namespace carillon {

struct DueLook {
  TenantId tenant{""};
  TaskId task{0};
  std::string task_name;
  std::int16_t place = 0;
  std::int64_t number = 0;
  std::string memory;
  int failures = 0;                // in a row, before this one
  std::string definition;          // JSON
  std::optional<Scopes> scopes{};  // of whoever wrote it
};

struct LookEnd {
  std::string memory;
  Instant next_look_at;
  Instant looked_at;
  int failures = 0;
  std::string error{};    // of a look that failed
  std::string outcome{};  // of the cue: fires, failing; empty: nothing follows
  std::string told{};
  std::string correlation_id{};
};

class LookRows {
 public:
  LookRows(HotPathConnection& connection, std::string owner) : connection_(connection), owner_(std::move(owner)) {}

  struct Wanted {
    Instant now;
    int n_max;
    Duration lease;
  };
  std::vector<DueLook> take(const std::vector<OwnedShard>& shards, const Wanted& wanted);
  // False: somebody looked again meanwhile, or the task was edited.
  bool settle(const DueLook& look, const LookEnd& end);

 private:
  HotPathConnection& connection_;
  std::string owner_;
};

}  // namespace carillon

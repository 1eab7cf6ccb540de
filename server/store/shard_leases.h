// Who works: the process's slot (part of every run id it makes) and the shards it owns, both leased by the database's
// clock. A shard changes hands only through take(), which raises its epoch; whoever still holds the old epoch writes
// nothing any more. One statement a call on the connection it is given; belongs to that connection's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/store/db_clock.h"
#include "server/store/hot_path.h"

namespace carillon {

struct ProcessCard {
  std::string instance;  // unique; also the owner's name in shard_owner and run_live
  std::string kind;      // serve, worker, mcp, cli
  std::string host;
  std::int32_t pid = 0;
  std::string version;
};

// As long as a shard's: a process that died must not count as a worker when its shards are shared out anew.
inline constexpr Duration kProcessExpiry = std::chrono::seconds{10};

class ShardLeases {
 public:
  ShardLeases(HotPathConnection& connection, std::string instance)
      : connection_(connection), instance_(std::move(instance)) {}

  // The slot that was free the longest. Throws StatementFailed (53400) when all 1,024 are taken.
  int lease_process(const ProcessCard& card, Duration expiry = kProcessExpiry);
  // False: the lease had ended and somebody else has the slot.
  bool renew_process(int slot, Duration expiry = kProcessExpiry);
  void release_process(int slot);
  // Processes whose lease goes on and that own shards or want to: kinds serve, worker and mcp.
  int count_workers();

  // Those that are still ours.
  std::vector<OwnedShard> renew(const std::vector<OwnedShard>& shards, Duration expiry);
  // At most n shards that nobody owns, each with its epoch raised.
  std::vector<OwnedShard> take(int n, Duration expiry);
  void release(const std::vector<OwnedShard>& shards);

  DbClock::Measurement measure_clock();

 private:
  HotPathConnection& connection_;
  std::string instance_;
};

}  // namespace carillon

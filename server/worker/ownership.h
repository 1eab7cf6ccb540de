// Ownership: the shards that this process believes to own, for the threads that work in them. A belief: every
// statement checks owner and epoch again. Thread-safe.
#pragma once

#include <vector>

#include "server/base/guarded.h"
#include "server/store/hot_path.h"

namespace carillon {

class Ownership {
 public:
  std::vector<OwnedShard> shards() const {
    return shards_.with([](const auto& shards) { return shards; });
  }
  void set(std::vector<OwnedShard> shards) {
    shards_.with([&](auto& mine) { mine = std::move(shards); });
  }

 private:
  Guarded<std::vector<OwnedShard>> shards_;
};

}  // namespace carillon

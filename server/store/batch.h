// Batches: lists of ours as the columns of a statement on the hot path. Pure; for the .cc files of this folder.
#pragma once

#include <type_traits>
#include <vector>

#include "server/store/hot_path.h"
#include "server/store/hot_path_connection.h"

namespace carillon {

// What `pick` makes of each item, in their order.
template <class Items, class Pick>
auto each(const Items& items, Pick&& pick) {
  std::vector<std::decay_t<decltype(pick(*items.begin()))>> values;
  values.reserve(items.size());
  for (const auto& item : items) values.push_back(pick(item));
  return values;
}

template <class Item, class Pick>
auto each(const std::vector<const Item*>& items, Pick&& pick) {
  std::vector<std::decay_t<decltype(pick(**items.begin()))>> values;
  values.reserve(items.size());
  for (const Item* item : items) values.push_back(pick(*item));
  return values;
}

// Two columns: shard and epoch.
inline void add_shards(HotParams& params, const std::vector<OwnedShard>& shards) {
  params.int16s(each(shards, [](const OwnedShard& shard) { return shard.shard; }))
      .int64s(each(shards, [](const OwnedShard& shard) { return shard.epoch; }));
}

}  // namespace carillon

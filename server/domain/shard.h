// Shards: which of the 16 parts of the hot tables a run belongs to. Fixed when the database is made, so the function is
// stable for ever: FNV-1a over the tenant and the concurrency key, else the tenant and the task, and a final mix.
//
// All runs that share a concurrency key share a shard, so its owner can count them in memory. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/id.h"

namespace carillon {

inline constexpr std::int16_t kShards = 16;

std::int16_t shard_of(const TenantId& tenant, TaskId task, std::optional<std::string_view> concurrency_key);

}  // namespace carillon

#include "server/domain/shard.h"

#include <string>

namespace carillon {

namespace {

constexpr std::uint64_t kFnvOffset = 14695981039346656037ULL;
constexpr std::uint64_t kFnvPrime = 1099511628211ULL;

std::uint64_t mixed_in(std::uint64_t hash, std::string_view text) {
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= kFnvPrime;
  }
  return hash;
}

// FNV's low bits are weak for short inputs; this is the finaliser of splitmix64.
std::uint64_t finished(std::uint64_t hash) {
  hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebULL;
  return hash ^ (hash >> 31U);
}

}  // namespace

std::int16_t shard_of(const TenantId& tenant, TaskId task, std::optional<std::string_view> concurrency_key) {
  std::uint64_t hash = mixed_in(kFnvOffset, tenant.str());
  // The separator differs, so that a key that looks like a number is not taken for a task.
  hash = concurrency_key ? mixed_in(mixed_in(hash, "\x01"), *concurrency_key)
                         : mixed_in(mixed_in(hash, "\x02"), task.str());
  return static_cast<std::int16_t>(finished(hash) % kShards);
}

}  // namespace carillon

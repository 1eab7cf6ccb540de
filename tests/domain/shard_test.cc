#include "server/domain/shard.h"

#include <catch2/catch.hpp>
#include <set>

using namespace carillon;

TEST_CASE("a shard never changes for the same task or key", "[domain][shard]") {
  const TenantId tenant{"default"};
  // Stored rows depend on these values: a change of the function is a migration.
  CHECK(shard_of(tenant, TaskId{1}, std::nullopt) == 4);
  CHECK(shard_of(tenant, TaskId{987654321012345}, std::nullopt) == 6);
  CHECK(shard_of(tenant, TaskId{1}, "reports") == 8);
  CHECK(shard_of(tenant, TaskId{1}, "reports") == shard_of(tenant, TaskId{2}, "reports"));
}

TEST_CASE("tasks spread over all shards", "[domain][shard]") {
  std::array<int, kShards> counts{};
  for (int i = 0; i < 16'000; ++i)
    ++counts[static_cast<std::size_t>(shard_of(TenantId{"default"}, TaskId{i}, std::nullopt))];
  for (const int count : counts) {
    CHECK(count > 800);
    CHECK(count < 1200);
  }
}

TEST_CASE("tenants with the same keys do not share a fate", "[domain][shard]") {
  std::set<std::int16_t> seen;
  for (int i = 0; i < 64; ++i) seen.insert(shard_of(TenantId{"t" + std::to_string(i)}, TaskId{1}, "reports"));
  CHECK(seen.size() > 8);
}

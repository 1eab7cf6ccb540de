#include "server/store/zone_store.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

const ZoneMark kOld{"2026a", "Europe/Berlin"}, kNew{"2026b", "Europe/Berlin"};

void own_shards(RepositoryFixture& f, const std::string& owner) {
  f.database.run("DELETE FROM carillon.shard_owner");
  f.database.run("INSERT INTO carillon.shard_owner (shard, owner, epoch, expires_at) VALUES (1, '" + owner +
                 "', 1, now() + interval '1 h'), (2, 'somebody', 1, now() + interval '1 h'), (3, '" + owner +
                 "', 1, now())");
}

}  // namespace

TEST_CASE("a shard is marked by its owner alone and found again under another mark", "[store][zone_store]") {
  RepositoryFixture f;
  own_shards(f, "me");
  f.store.across_tenants([&](Tx& tx) {
    ZoneStore zones{tx};
    const auto unmarked = zones.in_other_zones("me", kOld);
    REQUIRE(unmarked.size() == 1);  // the lease of the other has ended
    CHECK(unmarked[0].shard == 1);
    CHECK_FALSE(unmarked[0].mark);
    for (const auto shard : {std::int16_t{1}, std::int16_t{2}}) zones.mark("me", shard, kOld, kNow);
    CHECK(zones.in_other_zones("me", kOld).empty());
    const auto other = zones.in_other_zones("me", kNew);
    REQUIRE(other.size() == 1);
    CHECK(other[0].mark == kOld);
    CHECK(zones.in_other_zones("me", {"2026a", "Asia/Tokyo"}).size() == 1);
    CHECK_FALSE(zones.in_other_zones("somebody", kOld).at(0).mark);
    return Done{};
  });
}

TEST_CASE("a version of tzdata is kept while a shard was computed with it", "[store][zone_store]") {
  RepositoryFixture f;
  own_shards(f, "me");
  f.store.across_tenants([&](Tx& tx) {
    ZoneStore zones{tx};
    zones.note_release("2026a", {{"offsets", 1}}, kNow);
    zones.note_release("2026a", {{"offsets", 2}}, kNow);
    zones.mark("me", 1, kOld, kNow);
    zones.note_release("2026b", {{"offsets", 3}}, kNow);
    CHECK(zones.release("2026a") == json{{"offsets", 1}});
    zones.mark("me", 1, kNew, kNow);
    zones.note_release("2026c", {{"offsets", 4}}, kNow);
    CHECK_FALSE(zones.release("2026a"));
    CHECK(zones.release("2026b"));
    return Done{};
  });
}

TEST_CASE("what was moved is told to the owner of the task and to nobody else", "[store][zone_store]") {
  RepositoryFixture f;
  const TaskId task = f.task({.name = "a", .agent = "owner"});
  f.mine([&](Tx& tx) {
    ZoneStore zones{tx};
    zones.note_retimed(kMine, task, {kNow, kNow + 1h, "tzdata"}, kNow);
    zones.note_retimed(kMine, task, {kNow + 1h, kNow + 2h, "tzdata again"}, kNow);
    CHECK(zones.untold(kMine, AgentId{"helper"}).empty());
    const auto untold = zones.untold(kMine, AgentId{"owner"});
    REQUIRE(untold.size() == 1);
    CHECK(untold[0].was == kNow);  // what the owner was told last
    CHECK(untold[0].next == kNow + 2h);
    zones.tell(kMine, AgentId{"owner"}, kNow);
    CHECK(zones.untold(kMine, AgentId{"owner"}).empty());
    return Done{};
  });
  const TaskId another = f.task({.name = "b", .agent = "owner"});
  f.mine([&](Tx& tx) {
    ZoneStore{tx}.note_retimed(kMine, another, {kNow, kNow, ""}, kNow);
    return Done{};
  });
  CHECK(f.only_for_its_owner(
      [](Tx& tx, const TenantId& tenant) { return !ZoneStore{tx}.untold(tenant, AgentId{"owner"}).empty(); }));
}

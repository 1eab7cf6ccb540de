#include "server/store/shard_leases.h"

#include <catch2/catch.hpp>
#include <set>

#include "tests/support/test_database.h"

using namespace carillon;

namespace {

constexpr Duration kLong = std::chrono::seconds{10};
constexpr Duration kOver = std::chrono::seconds{-1};

struct Process {
  Process(const test::TestDatabase& database, const std::string& name)
      : connection(HotPathOptions{.url = database.urls().dispatch, .application = name}),
        leases(connection, name),
        slot(leases.lease_process({name, "worker", "host", 1, "0"})) {}
  HotPathConnection connection;
  ShardLeases leases;
  int slot;
};

}  // namespace

TEST_CASE("each process has a slot of its own and an ended one is used again last", "[store][shard_leases]") {
  const test::TestDatabase database;
  Process one{database, "one"}, two{database, "two"};
  CHECK(one.slot != two.slot);
  CHECK(one.leases.count_workers() == 2);
  one.leases.release_process(one.slot);
  CHECK(two.leases.count_workers() == 1);
  Process three{database, "three"};
  CHECK(std::set{one.slot, two.slot, three.slot}.size() == 3);
  CHECK(two.leases.renew_process(two.slot));
  CHECK_FALSE(two.leases.renew_process(three.slot));
}

TEST_CASE("a shard has one owner and changes hands only after its expiry or release", "[store][shard_leases]") {
  const test::TestDatabase database;
  Process one{database, "one"}, two{database, "two"};
  const auto mine = one.leases.take(10, kLong);
  CHECK(mine.size() == 10);
  CHECK(two.leases.take(16, kLong).size() == 6);
  CHECK(two.leases.take(16, kLong).empty());
  CHECK(one.leases.renew(mine, kLong).size() == 10);

  one.leases.release({mine[0]});
  const auto passed = two.leases.take(16, kLong);
  REQUIRE(passed.size() == 1);
  CHECK(passed[0].shard == mine[0].shard);
  CHECK(passed[0].epoch == mine[0].epoch + 1);
  CHECK(one.leases.renew(mine, kOver).size() == 9);
  CHECK(two.leases.take(16, kLong).size() == 9);
  CHECK(one.leases.renew(mine, kLong).empty());
}

TEST_CASE("the database's clock is measured around one statement", "[store][shard_leases][db_clock]") {
  const test::TestDatabase database;
  Process one{database, "one"};
  DbClock clock;
  clock.measured(one.leases.measure_clock());
  CHECK(clock.now() - SystemClock{}.now() < std::chrono::seconds{1});
  CHECK(SystemClock{}.now() - clock.now() < std::chrono::seconds{1});
  CHECK(clock.uncertainty() < std::chrono::seconds{1});
}

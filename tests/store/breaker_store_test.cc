#include "server/store/breaker_store.h"

#include <catch2/catch.hpp>

#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

struct Shared : RepositoryFixture {
  bool change(const SharedBreaker& breaker) {
    return store.across_tenants([&](Tx& tx) { return BreakerStore{tx}.change(breaker, "one"); });
  }
  std::vector<SharedBreaker> all() {
    return store.across_tenants([](Tx& tx) { return BreakerStore{tx}.all(); });
  }
};

const BreakerStanding kOpen{.state = BreakerState::open, .left = 30s, .requests = 12, .failures = 9};

}  // namespace

TEST_CASE("a breaker is changed on top of its latest revision only", "[store][breaker_store]") {
  Shared f;
  CHECK(f.all().empty());
  CHECK(f.change({"github", 0, kOpen}));
  CHECK_FALSE(f.change({"github", 0, {.state = BreakerState::closed}}));  // somebody was first
  auto all = f.all();
  REQUIRE(all.size() == 1);
  CHECK(all[0].server == "github");
  CHECK(all[0].revision == 1);
  CHECK(all[0].standing.state == BreakerState::open);
  CHECK(all[0].standing.requests == 12);
  CHECK(all[0].standing.failures == 9);
  CHECK(f.change({"github", 1, {.state = BreakerState::half_open, .requests = 12, .failures = 9}}));
  CHECK(f.change({"github", 2, {.state = BreakerState::closed, .requests = 12, .failures = 9}}));
  all = f.all();
  CHECK(all[0].revision == 3);
  CHECK(all[0].standing.state == BreakerState::closed);
  CHECK(all[0].standing.left == 0s);
  CHECK(f.database.ask("SELECT changed_by FROM carillon.server_breaker") == "one");
}

TEST_CASE("how long a breaker stays open is the database's time", "[store][breaker_store]") {
  Shared f;
  REQUIRE(f.change({"github", 0, kOpen}));
  CHECK(f.all()[0].standing.left <= 30s);
  CHECK(f.all()[0].standing.left > 0s);
  f.database.run("UPDATE carillon.server_breaker SET tried_at = tried_at + interval '1 h'");
  CHECK(f.all()[0].standing.left > 59min);
  f.database.run("UPDATE carillon.server_breaker SET tried_at = now() - interval '1 h'");
  CHECK(f.all()[0].standing.left == 0s);
}

TEST_CASE("two that change a breaker at once write one change", "[store][breaker_store]") {
  Shared f;
  std::atomic<int> written{0};
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 4; ++i) writers.emplace_back([&] { written += f.change({"github", 0, kOpen}) ? 1 : 0; });
  }
  CHECK(written == 1);
  CHECK(f.all()[0].revision == 1);
}

TEST_CASE("no caller's login reads or changes a breaker", "[store][breaker_store]") {
  Shared f;
  CHECK_THROWS(f.mine([](Tx& tx) { return BreakerStore{tx}.all().size(); }));
  CHECK_THROWS(f.mine([](Tx& tx) { return BreakerStore{tx}.change({"github", 0, kOpen}, "one"); }));
}

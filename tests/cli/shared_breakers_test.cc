// The circuit breakers of two processes over one database, as the daemon joins them: catalog/breakers.h and
// server/engine/breaker_sharing.h.
#include <atomic>
#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "catalog/breakers.h"
#include "server/engine/breaker_sharing.h"
#include "server/store/store.h"
#include "server/worker/worker.h"
#include "tests/support/test_database.h"

using namespace carillon;
using namespace carillon::catalog;
using namespace std::chrono_literals;

namespace {

class NoTools final : public ToolCaller {
 public:
  CallId start(ToolCall, std::function<void(ToolReply)>) override { return 0; }
  void cancel(CallId, std::string_view) override {}
  Result<ToolFacts> describe(const TenantId&, std::string_view, Duration) override {
    return Error{ErrorCode::unknown_tool, "there is none"};
  }
};

// What one process has: breakers of its own, and its second's look at the database.
struct Process {
  Process(Store& store, const std::string& name, const BreakerRules& rules = {})
      : breakers(rules), sharing({store, clock, tools, bell, ids}, name) {}

  void second() {
    const auto news = breakers.news();
    breakers.take_over(news, sharing.exchange(news));
  }
  void fail(int times = 10) {
    for (int i = 0; i < times; ++i)
      if (const auto pass = breaker()->ask(); pass.admitted) breaker()->tell(pass, CallVerdict::failed);
  }
  std::shared_ptr<ServerBreaker> breaker() { return breakers.of("github"); }
  BreakerState state() { return breaker()->standing().state; }

  NoTools tools;
  SystemClock clock;
  WorkerBell bell;
  RunIdMaker ids{1};
  Breakers breakers;
  BreakerSharing sharing;
};

BreakerRules quickly_tried() {
  BreakerRules rules;
  rules.open_for = 20ms;
  return rules;
}

template <class Condition>
bool within_seconds(const Condition& holds) {
  for (const auto deadline = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < deadline;)
    if (holds()) return true;
  return false;
}

}  // namespace

TEST_CASE("a breaker that one process opens is open in the other after its next look", "[cli][breaker]") {
  test::TestDatabase database;
  Store store{database.urls(), {}};
  Process one{store, "one"}, two{store, "two"};
  two.second();
  one.fail();
  CHECK(two.breaker()->ask().admitted);
  one.second();
  two.second();
  const auto pass = two.breaker()->ask();
  CHECK_FALSE(pass.admitted);
  CHECK(pass.retry_after > 0s);
  CHECK(pass.retry_after <= 30s);
  CHECK(two.breaker()->standing().failures == 10);
  SECTION("a process that starts later finds it open") {
    Process three{store, "three"};
    three.breaker();
    three.second();
    CHECK(three.breaker()->is_shut());
  }
  SECTION("who mends the entry opens it to both") {
    two.breaker()->mend();
    two.second();
    one.second();
    CHECK(one.state() == BreakerState::closed);
  }
  SECTION("what is known to both is written no more") {
    for (int i = 0; i < 5; ++i) {
      one.second();
      two.second();
    }
    CHECK(database.ask("SELECT revision FROM carillon.server_breaker") == "1");
  }
}

TEST_CASE("a server that is well again for one process is called by both", "[cli][breaker]") {
  test::TestDatabase database;
  Store store{database.urls(), {}};
  Process one{store, "one", quickly_tried()}, two{store, "two", quickly_tried()};
  one.fail();
  one.second();
  two.breaker();
  two.second();
  REQUIRE(two.state() == BreakerState::open);
  REQUIRE(within_seconds([&] { return !one.breaker()->is_shut(); }));
  for (int i = 0; i < 5; ++i) {
    const auto pass = one.breaker()->ask();
    REQUIRE(pass.admitted);
    one.breaker()->tell(pass, CallVerdict::well);
  }
  one.second();
  two.second();
  CHECK(two.state() == BreakerState::closed);
  CHECK(database.ask("SELECT string_agg(convert_from(data, 'UTF8')::json->>'event', ' ' ORDER BY sequence) FROM "
                     "carillon.outbox") == "trip cool recover");
  CHECK(database.ask("SELECT count(*) FROM carillon.audit WHERE action = 'change_breaker'") == "3");
}

TEST_CASE("of two processes that decide at once the first one's word counts for both", "[cli][breaker]") {
  test::TestDatabase database;
  Store store{database.urls(), {}};
  Process one{store, "one"}, two{store, "two"};
  one.fail();
  one.second();
  two.breaker();
  two.second();
  one.breaker()->mend();
  two.breaker()->mend();
  two.fail();  // the same server, with other eyes
  one.second();
  two.second();
  CHECK(one.state() == BreakerState::closed);
  CHECK(two.state() == BreakerState::closed);
  CHECK(database.ask("SELECT revision FROM carillon.server_breaker") == "2");
}

TEST_CASE("what was decided while the database was away is told when it is back", "[cli][breaker]") {
  test::TestDatabase database;
  Store store{database.urls(), {}};
  Process one{store, "one"}, two{store, "two"};
  two.breaker();
  one.fail();
  database.run("ALTER TABLE carillon.server_breaker RENAME TO away");
  CHECK_THROWS(one.second());
  database.run("ALTER TABLE carillon.away RENAME TO server_breaker");
  one.second();
  two.second();
  CHECK(two.state() == BreakerState::open);
}

TEST_CASE("however two processes decide they agree once both have looked", "[cli][breaker]") {
  test::TestDatabase database;
  Store store{database.urls(), {}};
  for (unsigned seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    BreakerRules rules;
    rules.open_for = 1us;
    Process one{store, "one", rules}, two{store, "two", rules};
    one.second();
    two.second();
    std::mt19937 random{seed};
    for (int i = 0; i < 40; ++i) {
      Process& process = random() % 2 == 0 ? one : two;
      const auto what = random() % 10;
      if (what < 4) process.second();
      if (what == 4) process.breaker()->mend();
      if (what > 4)
        for (int call = 0; call < 12; ++call)
          if (const auto pass = process.breaker()->ask(); pass.admitted)
            process.breaker()->tell(pass, random() % 3 == 0 ? CallVerdict::well : CallVerdict::failed);
    }
    one.second();
    two.second();
    one.second();
    CHECK(one.state() == two.state());
    CHECK(one.breakers.news().empty());
    CHECK(two.breakers.news().empty());
  }
}

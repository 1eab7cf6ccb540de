#include "server/engine/breaker_sharing.h"

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using carillon::test::EngineFixture;
using namespace std::chrono_literals;

namespace {

const BreakerChange kTrip{BreakerState::closed, BreakerEvent::trip, BreakerState::open};
const BreakerChange kMend{BreakerState::open, BreakerEvent::mend, BreakerState::closed};
const BreakerStanding kOpen{.state = BreakerState::open, .left = 30s, .requests = 10, .failures = 7};

BreakerSharing sharing(EngineFixture& f, const std::string& process) {
  return {{f.store, f.clock, f.tools, f.worker, f.ids}, process};
}

}  // namespace

TEST_CASE("each change of a breaker has its audit row and its event", "[engine][breaker]") {
  EngineFixture f;
  auto one = sharing(f, "one");
  const auto known =
      one.exchange({{{"github", 0, {.state = BreakerState::closed, .requests = 10, .failures = 7}}, {kTrip, kMend}}});
  REQUIRE(known.size() == 1);
  CHECK(known[0].revision == 1);
  CHECK(known[0].standing.state == BreakerState::closed);
  CHECK(
      f.database.ask(
          "SELECT string_agg(actor || ' ' || action || ' ' || subject || ' ' || convert_from(before, 'UTF8') || ' ' || "
          "(convert_from(after, 'UTF8')::json->>'state'), ', ' ORDER BY sequence) FROM carillon.audit") ==
      "carillon change_breaker server:github {\"state\":\"closed\"} open, "
      "carillon change_breaker server:github {\"state\":\"open\"} closed");
  CHECK(f.database.ask("SELECT string_agg(event_type || ' ' || aggregate || ' ' || (convert_from(data, "
                       "'UTF8')::json->>'event'), ', ' "
                       "ORDER BY sequence) FROM carillon.outbox") ==
        "server.breaker_changed server:github trip, server.breaker_changed server:github mend");
}

TEST_CASE("who was second hears what the first decided and writes nothing", "[engine][breaker]") {
  EngineFixture f;
  auto one = sharing(f, "one"), two = sharing(f, "two");
  one.exchange({{{"github", 0, kOpen}, {kTrip}}});
  const auto known = two.exchange({{{"github", 0, {.state = BreakerState::closed}}, {kTrip, kMend}}});
  REQUIRE(known.size() == 1);
  CHECK(known[0].standing.state == BreakerState::open);
  CHECK(f.database.ask("SELECT count(*) FROM carillon.audit") == "1");
  CHECK(f.database.ask("SELECT changed_by FROM carillon.server_breaker") == "one");
}

TEST_CASE("without news nothing is written", "[engine][breaker]") {
  EngineFixture f;
  auto one = sharing(f, "one");
  CHECK(one.exchange({}).empty());
  one.exchange({{{"github", 0, kOpen}, {kTrip}}});
  const std::string before = f.database.ask("SELECT xmin FROM carillon.server_breaker");
  CHECK(one.exchange({}).size() == 1);
  CHECK(f.database.ask("SELECT xmin FROM carillon.server_breaker") == before);
  CHECK(f.database.ask("SELECT count(*) FROM carillon.audit") == "1");
}

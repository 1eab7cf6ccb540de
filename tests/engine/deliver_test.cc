#include "server/engine/deliveries.h"

#include <catch2/catch.hpp>

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;

namespace {

struct Delivering : EngineFixture {
  Delivering() { scheduled(R"({"name":"echo","when":"manual","message":"Stand up","notify":["session"]})"); }

  void ends(const std::string& outcome) { finish(ran("echo"), outcome, outcome == "failed" ? "timeout" : ""); }
  // One round; the handles that were sent.
  std::vector<std::string> round(Sent becomes = Sent::sent, int per_hour_max = 20) {
    std::vector<std::string> handles;
    engine.deliver(
        {.kind = "session", .recipients = {{TenantId{"default"}, AgentId{"owner"}}}, .per_hour_max = per_hour_max},
        [&](const Notice& notice) {
          std::string told;
          for (const auto& run : notice.runs) told += (told.empty() ? "" : " ") + run.row.run;
          handles.push_back(notice.total > notice.runs.size() ? told + " of " + std::to_string(notice.total) : told);
          return becomes;
        });
    return handles;
  }
  std::string states() { return database.ask("SELECT string_agg(state, ' ' ORDER BY run_id) FROM carillon.delivery"); }
};

using Handles = std::vector<std::string>;

}  // namespace

TEST_CASE("the end of a run is delivered once", "[engine][deliver]") {
  Delivering f;
  CHECK(f.round() == Handles{});
  f.ends("succeeded");
  f.set_now("2026-11-20T14:00:00Z");
  CHECK(f.round() == Handles{"echo#1"});
  CHECK(f.round() == Handles{});
  CHECK(f.states() == "sent");
}

TEST_CASE("what nobody could take stays due and what failed does not", "[engine][deliver]") {
  Delivering f;
  f.ends("failed");
  f.set_now("2026-11-20T14:00:00Z");
  CHECK(f.round(Sent::nobody) == Handles{"echo#1"});
  CHECK(f.states() == "pending");
  CHECK(f.round(Sent::failed) == Handles{"echo#1"});
  CHECK(f.states() == "failed");
  CHECK(f.round() == Handles{});
}

TEST_CASE("more than an hour takes waits for room and is told in one", "[engine][deliver]") {
  Delivering f;
  for (int i = 0; i < 4; ++i) f.ends("succeeded");
  f.set_now("2026-11-20T14:00:00Z");
  CHECK(f.round(Sent::sent, 2) == Handles{"echo#1", "echo#2"});
  CHECK(f.states() == "sent sent pending pending");
  f.set_now("2026-11-20T14:30:00Z");
  f.ends("succeeded");
  f.set_now("2026-11-20T14:30:05Z");
  CHECK(f.round(Sent::sent, 2) == Handles{});
  f.set_now("2026-11-20T15:00:00Z");
  CHECK(f.round(Sent::nobody, 2) == Handles{"echo#3 echo#4 echo#5"});
  CHECK(f.round(Sent::sent, 2) == Handles{"echo#3 echo#4 echo#5"});
  CHECK(f.states() == "sent sent sent sent sent");
  CHECK(f.database.ask("SELECT DISTINCT attempts FROM carillon.delivery") == "1");
  // What was told in one counts as one.
  f.ends("succeeded");
  f.ends("succeeded");
  f.set_now("2026-11-20T15:00:05Z");
  CHECK(f.round(Sent::sent, 2) == Handles{"echo#6"});
  f.set_now("2026-11-20T16:00:00Z");
  CHECK(f.round(Sent::sent, 2) == Handles{"echo#7"});
}

TEST_CASE("a notice names so many runs and counts the others", "[engine][deliver]") {
  Delivering f;
  for (int i = 0; i < 24; ++i) f.ends("succeeded");
  f.set_now("2026-11-20T14:00:00Z");
  CHECK(f.round(Sent::sent, 1) == Handles{"echo#1"});
  f.set_now("2026-11-20T15:00:00Z");
  const auto told = f.round(Sent::sent, 1);
  REQUIRE(told.size() == 1);
  CHECK_THAT(told[0], Catch::StartsWith("echo#2 echo#3 ") && Catch::EndsWith(" echo#21 of 23"));
  CHECK(f.database.ask("SELECT count(*) FROM carillon.delivery WHERE state <> 'sent'") == "0");
}

TEST_CASE("what was held and whose deliverer died is told in one again", "[engine][deliver]") {
  Delivering f;
  for (int i = 0; i < 3; ++i) f.ends("succeeded");
  f.set_now("2026-11-20T14:00:00Z");
  CHECK(f.round(Sent::sent, 1) == Handles{"echo#1"});
  f.set_now("2026-11-20T15:00:00Z");
  CHECK_THROWS(
      f.engine.deliver({.kind = "session", .recipients = {{TenantId{"default"}, AgentId{"owner"}}}, .per_hour_max = 1},
                       [](const Notice&) -> Sent { throw std::runtime_error{"the pipe broke"}; }));
  CHECK(f.round(Sent::sent, 1) == Handles{});
  f.set_now("2026-11-20T15:00:31Z");
  CHECK(f.round(Sent::sent, 1) == Handles{"echo#2 echo#3"});
}

TEST_CASE("a deliverer that throws leaves the rest to be due again", "[engine][deliver]") {
  Delivering f;
  f.ends("succeeded");
  f.set_now("2026-11-20T14:00:00Z");
  CHECK_THROWS(f.engine.deliver({.kind = "session", .recipients = {{TenantId{"default"}, AgentId{"owner"}}}},
                                [](const Notice&) -> Sent { throw std::runtime_error{"the pipe broke"}; }));
  CHECK(f.round() == Handles{});
  f.set_now("2026-11-20T14:00:31Z");
  CHECK(f.round() == Handles{"echo#1"});
}

TEST_CASE("who has no session is told nothing of others", "[engine][deliver]") {
  Delivering f;
  f.ends("succeeded");
  f.set_now("2026-11-20T14:00:00Z");
  f.engine.deliver({.kind = "session", .recipients = {{TenantId{"default"}, AgentId{"somebody"}}}},
                   [](const Notice&) -> Sent { throw std::runtime_error{"not theirs"}; });
  f.engine.deliver({.kind = "session"}, [](const Notice&) -> Sent { throw std::runtime_error{"nobody's"}; });
  CHECK(f.states() == "pending");
}

TEST_CASE("an update clears what a task tells", "[engine][deliver]") {
  Delivering f;
  REQUIRE(f.update("echo", R"({"notify":[]})").ok());
  f.ends("failed");
  CHECK(f.states().empty());
}

TEST_CASE("what was not delivered is told with its reason and its next try", "[engine][deliver]") {
  EngineFixture f;
  for (const char* name : {"a", "b", "c", "d"})
    f.scheduled(json{{"name", name},
                     {"when", "manual"},
                     {"message", "m"},
                     {"notify", {"webhook:https://a.example/" + std::string{name}}}}
                    .dump());
  for (const char* name : {"a", "b", "c", "d"}) f.finish(f.ran(name), "succeeded");
  const auto becomes = [&](const std::string& name, const std::string& set) {
    f.database.run("UPDATE carillon.delivery SET " + set + " WHERE target LIKE '%/" + name + "'");
  };
  CHECK(f.engine.get_status(f.caller())->undelivered_total == 0);
  becomes("a", "attempts = 2, last_error = 'it answered 500', due_at = '2026-11-20T14:00:00Z'");
  becomes("b", "state = 'failed', last_error = 'it is gone', settled_at = '2026-11-20T12:59:00Z'");
  becomes("c", "state = 'failed', last_error = 'old', settled_at = '2026-11-18T12:00:00Z'");
  becomes("d", "state = 'sent', settled_at = '2026-11-20T12:59:00Z'");
  const auto status = f.engine.get_status(f.caller());
  CHECK(status->undelivered_total == 2);
  REQUIRE(status->undelivered.size() == 2);
  CHECK(status->undelivered[0].run == "b#1");
  CHECK(status->undelivered[0].state == "failed");
  CHECK(status->undelivered[0].error == "it is gone");
  CHECK(status->undelivered[1].run == "a#1");
  CHECK(status->undelivered[1].target == "webhook:https://a.example/a");
  const auto run = f.engine.get_run(f.caller(), {.run = "a#1"});
  REQUIRE(run->deliveries.size() == 1);
  CHECK(run->deliveries[0].attempts == 2);
  CHECK(run->deliveries[0].next_try == f.at("2026-11-20T14:00:00Z"));
  CHECK_FALSE(f.engine.get_run(f.caller(), {.run = "b#1"})->deliveries[0].next_try);
  const auto kinds =
      f.store.across_tenants([&](Tx& tx) { return DeliveryStore{tx}.undelivered_kinds(f.at("2026-11-20T00:00:00Z")); });
  REQUIRE(kinds.size() == 1);
  CHECK(kinds[0].kind == "webhook");
  CHECK(kinds[0].total == 2);
  CHECK(kinds[0].latest == "it is gone");
}

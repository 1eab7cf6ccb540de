#include "catalog/breakers.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include "server/base/metrics.h"

using namespace carillon;
using namespace carillon::catalog;
using namespace std::chrono_literals;

namespace {

double requests(std::string_view state, std::string_view status) {
  return metrics::value_of("circuit_breaker_requests_total", {{"state", state}, {"status", status}});
}

double changes(std::string_view from, std::string_view to) {
  return metrics::value_of("circuit_breaker_state_changes_total", {{"from", from}, {"to", to}});
}

double state_shown(std::string_view server) {
  return metrics::value_of("circuit_breaker_current_state", {{"name", server}});
}

void fail(ServerBreaker& breaker, int times = 10) {
  for (int i = 0; i < times; ++i)
    if (const auto pass = breaker.ask(); pass.admitted) breaker.tell(pass, CallVerdict::failed);
}

BreakerRules quickly_tried() {
  BreakerRules rules;
  rules.open_for = 1us;
  return rules;
}

}  // namespace

TEST_CASE("every request and every change of a breaker is counted under its name", "[catalog][breaker]") {
  Breakers breakers{quickly_tried()};
  const auto breaker = breakers.of("counted");
  const double failed = requests("closed", "failure"), well = requests("half_open", "success");
  const double ignored = requests("half_open", "ignored"), tripped = changes("closed", "open");
  const double tried = changes("open", "half_open"), recovered = changes("half_open", "closed");
  CHECK(state_shown("counted") == 0);
  fail(*breaker);
  CHECK(state_shown("counted") == 2);
  std::this_thread::sleep_for(1ms);  // at least; then it is tried
  breaker->tell(breaker->ask(), CallVerdict::says_nothing);
  CHECK(state_shown("counted") == 1);
  for (int i = 0; i < 5; ++i) breaker->tell(breaker->ask(), CallVerdict::well);
  CHECK(state_shown("counted") == 0);
  CHECK(requests("closed", "failure") == failed + 10);
  CHECK(requests("half_open", "success") == well + 5);
  CHECK(requests("half_open", "ignored") == ignored + 1);
  CHECK(changes("closed", "open") == tripped + 1);
  CHECK(changes("open", "half_open") == tried + 1);
  CHECK(changes("half_open", "closed") == recovered + 1);
}

TEST_CASE("a refused call is counted as rejected and as nothing else", "[catalog][breaker]") {
  Breakers breakers{{}};
  const auto breaker = breakers.of("rejecting");
  fail(*breaker);
  const double rejected = requests("open", "rejected"), failed = requests("open", "failure");
  for (int i = 0; i < 7; ++i) CHECK_FALSE(breaker->ask().admitted);
  CHECK(requests("open", "rejected") == rejected + 7);
  CHECK(requests("open", "failure") == failed);
  CHECK(breaker->standing().requests == 10);
}

TEST_CASE("the breaker of one server knows nothing of another", "[catalog][breaker]") {
  Breakers breakers{{}};
  fail(*breakers.of("sick"));
  CHECK(breakers.of("sick")->is_shut());
  CHECK_FALSE(breakers.of("sound")->is_shut());
  CHECK(breakers.of("sick") == breakers.of("sick"));
}

TEST_CASE("news are what was decided here and is not known to others yet", "[catalog][breaker]") {
  Breakers breakers{{}};
  const auto breaker = breakers.of("s");
  breakers.of("quiet");
  CHECK(breakers.news().empty());
  fail(*breaker);
  auto told = breakers.news();
  REQUIRE(told.size() == 1);
  CHECK(told[0].breaker.server == "s");
  CHECK(told[0].breaker.revision == 0);
  CHECK(told[0].breaker.standing.state == BreakerState::open);
  REQUIRE(told[0].changes.size() == 1);
  CHECK(told[0].changes[0].event == BreakerEvent::trip);
  SECTION("what could not be written is told again") { CHECK(breakers.news().size() == 1); }
  SECTION("what was written is told no more and stays as it is") {
    breakers.take_over(told, {{"s", 1, told[0].breaker.standing}});
    CHECK(breakers.news().empty());
    CHECK(breaker->is_shut());
  }
  SECTION("where another process was first its word counts") {
    breakers.take_over(told, {{"s", 1, {.state = BreakerState::closed}}});
    CHECK(breakers.news().empty());
    CHECK_FALSE(breaker->is_shut());
  }
  SECTION("what was decided meanwhile is told next on top of what is known") {
    breaker->mend();
    breakers.take_over(told, {{"s", 1, told[0].breaker.standing}});
    CHECK_FALSE(breaker->is_shut());
    told = breakers.news();
    REQUIRE(told.size() == 1);
    CHECK(told[0].breaker.revision == 1);
    CHECK(told[0].breaker.standing.state == BreakerState::closed);
    REQUIRE(told[0].changes.size() == 1);
    CHECK(told[0].changes[0].event == BreakerEvent::mend);
  }
  SECTION("what is known already changes nothing") {
    breakers.take_over(told, {{"s", 1, told[0].breaker.standing}});
    breaker->mend();
    breakers.take_over({}, {{"s", 1, told[0].breaker.standing}});
    CHECK_FALSE(breaker->is_shut());
  }
}

TEST_CASE("what another process decided is taken over and shown but no change of ours", "[catalog][breaker]") {
  Breakers breakers{{}};
  const auto breaker = breakers.of("followed");
  const double tripped = changes("closed", "open");
  breakers.take_over({}, {{"followed", 3, {.state = BreakerState::open, .left = 1h, .requests = 20, .failures = 15}},
                          {"unknown here", 1, {.state = BreakerState::open, .left = 1h}}});
  CHECK(breaker->is_shut());
  CHECK(breaker->standing().failures == 15);
  CHECK(state_shown("followed") == 2);
  CHECK(changes("closed", "open") == tripped);
  CHECK(breakers.news().empty());
}

// Run it in the build with the thread sanitizer. What is judged does not depend on who comes first.
TEST_CASE("thirty-two callers share one breaker", "[catalog][breaker]") {
  BreakerRules rules;
  rules.open_for = 2ms;
  Breakers breakers{rules};
  constexpr int kCallers = 32, kCalls = 2000;
  struct Seen {
    int admitted = 0, refused = 0;
    std::map<std::uint64_t, int> trials{};  // by the term of their breaker
  };
  std::vector<Seen> seen(kCallers);
  std::atomic<bool> over{false};
  const auto counted = [] {
    double sum = 0;
    for (const auto state : kBreakerStateNames)
      for (const char* status : {"success", "failure", "ignored", "rejected"}) sum += requests(state, status);
    return sum;
  };
  const double before = counted();
  {
    std::jthread sharer{[&] {
      for (std::int64_t revision = 0; !over;) {
        const auto told = breakers.news();
        std::vector<SharedBreaker> known;
        for (const auto& news : told) known.push_back({news.breaker.server, ++revision, news.breaker.standing});
        breakers.take_over(told, known);
      }
    }};
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < kCallers; ++caller)
      callers.emplace_back([&breakers, &mine = seen[static_cast<std::size_t>(caller)], caller] {
        std::minstd_rand random{static_cast<unsigned>(caller)};
        const auto breaker = breakers.of("shared");
        for (int call = 0; call < kCalls; ++call) {
          const auto pass = breaker->ask();
          ++(pass.admitted ? mine.admitted : mine.refused);
          if (!pass.admitted) continue;
          if (pass.state == BreakerState::half_open) ++mine.trials[pass.term];
          breaker->tell(pass, random() % 100 < 62 ? CallVerdict::failed : CallVerdict::well);
        }
      });
    callers.clear();
    over = true;
  }
  int admitted = 0, refused = 0;
  std::map<std::uint64_t, int> trials;
  for (const auto& each : seen) {
    admitted += each.admitted;
    refused += each.refused;
    for (const auto& [term, times] : each.trials) trials[term] += times;
  }
  CHECK(admitted + refused == kCallers * kCalls);
  CHECK(counted() - before == kCallers * kCalls);
  CHECK(admitted > 10);
  for (const auto& [term, times] : trials) CHECK(times <= rules.trials_max);
}

// Printed, not judged: a machine under load says nothing.
TEST_CASE("what one call costs with its lock and its count", "[catalog][breaker]") {
  Breakers breakers{{}};
  const auto breaker = breakers.of("timed");
  constexpr int kCalls = 200'000;
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i) breaker->tell(breaker->ask(), CallVerdict::well);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begun;
  std::cout << "a downstream call costs " << took.count() / kCalls << " ns at its breaker, metric included\n";
  CHECK_FALSE(breaker->is_shut());
}

// Circuit breakers and places of servers, on real servers: what callers meet.
#include "server/base/metrics.h"
#include "tests/catalog/remote_fixture.h"

using namespace carillon;
using namespace carillon::catalog;

namespace {

constexpr Duration kNever = 1h;

void hang(Bench& bench, int times) {
  std::vector<std::future<ToolReply>> calls;
  for (int i = 0; i < times; ++i) calls.push_back(bench.start("s.hang", json::object(), 100ms));
  for (auto& call : calls) REQUIRE(call.get().failure == ErrorClass::timeout);
}

}  // namespace

TEST_CASE("a server whose calls fail is called no more and says when it will be", "[catalog][breaker]") {
  Bench bench;
  bench.options.breaker.open_for = kNever;
  bench.with({"--era", GENERATE("modern", "legacy")});
  REQUIRE(bench.text("s.echo", {{"message", "warm"}}) == "Echo: warm");
  hang(bench, 10);
  const auto echoes = bench.journal("call").size();
  const auto refused = bench.call("s.echo", {{"message", "again"}});
  CHECK(refused.failure == ErrorClass::unavailable);
  CHECK(refused.arrived == Arrived::no);
  REQUIRE(refused.retry_after);
  CHECK(*refused.retry_after > kNever - 10min);
  CHECK(refused.message.find("server \"s\" is not called for now: 9 of the last 10 calls failed") == 0);
  CHECK(bench.journal("call").size() == echoes);
  CHECK(bench.report().breaker.state == BreakerState::open);
  CHECK(bench.report().breaker.failures == 9);
  // What is wrong with the call itself is said all the same, and what a tool takes.
  CHECK(bench.call("s.echo", {{"message", 7}}).failure == ErrorClass::invalid_arguments);
  CHECK(bench.describe("s.echo").ok());
  CHECK(bench.describe("s.echo", Duration{0}).ok());
  // Who mends the entry need not wait.
  bench.with({"--stderr", "new"});
  CHECK(bench.text("s.echo", {{"message", "mended"}}) == "Echo: mended");
  CHECK(bench.report().breaker.state == BreakerState::closed);
}

TEST_CASE("answers of a tool that fails do not open the breaker", "[catalog][breaker]") {
  Bench bench;
  bench.options.breaker.open_for = kNever;
  bench.with({});
  for (int i = 0; i < 30; ++i) CHECK(bench.call("s.fail", {{"message", "no"}}).failure == ErrorClass::tool_error);
  for (int i = 0; i < 30; ++i) CHECK(bench.call("s.echo", {{"message", 7}}).failure == ErrorClass::invalid_arguments);
  CHECK(bench.text("s.echo", {{"message", "still"}}) == "Echo: still");
}

TEST_CASE("a server that is well again is called as before after its trial", "[catalog][breaker]") {
  Bench bench;
  bench.options.breaker.open_for = 100ms;
  bench.with({});
  hang(bench, 10);
  CHECK(bench.report().breaker.state != BreakerState::closed);
  REQUIRE(eventually([&] { return !bench.call("s.echo", {{"message", "?"}}).failure; }));
  CHECK(bench.report().breaker.state == BreakerState::half_open);
  for (int i = 0; i < 4; ++i) CHECK_FALSE(bench.call("s.echo", {{"message", "!"}}).failure);
  CHECK(bench.report().breaker.state == BreakerState::closed);
}

TEST_CASE("a server that cannot be started is not started again and again", "[catalog][breaker]") {
  Bench bench;
  bench.options.breaker.open_for = kNever;
  bench.write({{"s", {{"command", "/bin/false"}}}});
  for (int i = 0; i < 10; ++i) CHECK_FALSE(bench.describe("s.echo").ok());
  const auto starts = bench.report().starts;
  for (const Duration wait : {Duration{0}, Duration{20s}}) {
    const auto refused = bench.describe("s.echo", wait);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::server_unavailable);
    CHECK(refused.error().message.find("10 of the last 10 calls failed") != std::string::npos);
    CHECK(refused.error().details["next_try_seconds"] > 3000);
  }
  CHECK(bench.call("s.echo").failure == ErrorClass::unavailable);
  bench.catalog().look_around("", 20s);
  CHECK(bench.report().starts == starts);
}

TEST_CASE("a server is tried when its breaker says so and not when its restart is due", "[catalog][breaker]") {
  Bench bench;
  bench.options.breaker = {.requests_min = 2, .open_for = 100ms};
  bench.options.restart_delay = bench.options.restart_delay_max = kNever;
  bench.write({{"s", {{"command", "/bin/false"}}}});
  for (int i = 0; i < 2; ++i) CHECK(bench.call("s.echo").failure == ErrorClass::unavailable);
  CHECK(bench.report().starts == 1);
  REQUIRE(eventually([&] { return bench.report().breaker.left == Duration{0}; }));
  CHECK(bench.call("s.echo").failure == ErrorClass::unavailable);
  CHECK(bench.report().starts == 2);
  CHECK(bench.report().breaker.state == BreakerState::open);
}

TEST_CASE("looking at a server's tools makes up for no failed call", "[catalog][breaker]") {
  Bench bench;
  bench.options.breaker.open_for = kNever;
  bench.with({});
  for (int i = 0; i < 10; ++i) {
    CHECK(bench.describe("s.hang").ok());
    hang(bench, 1);
  }
  CHECK(bench.report().breaker.state == BreakerState::open);
}

TEST_CASE("calls that wait behind hanging ones are refused when the breaker opens", "[catalog][breaker]") {
  Bench bench;
  bench.options.breaker = {.requests_min = 2, .open_for = kNever};
  bench.with({}, {{"carillon", {{"max_parallel", 2}}}});
  auto first = bench.start("s.hang", json::object(), 300ms), second = bench.start("s.hang", json::object(), 300ms);
  auto third = bench.start("s.hang", json::object(), kNever);
  std::vector<std::future<ToolReply>> waiting;
  for (int i = 0; i < 20; ++i) waiting.push_back(bench.start("s.echo", {{"message", "?"}}, kNever));
  CHECK(first.get().failure == ErrorClass::timeout);
  CHECK(second.get().failure == ErrorClass::timeout);
  for (auto& call : waiting) CHECK(call.get().failure == ErrorClass::unavailable);
  bench.stop();
  third.get();
}

TEST_CASE("calls that wait are refused when another process opens the breaker", "[catalog][breaker]") {
  Bench bench;
  bench.with({}, {{"carillon", {{"max_parallel", 1}}}});
  auto hanging = bench.start("s.hang", json::object(), kNever);
  auto waiting = bench.start("s.echo", {{"message", "?"}}, kNever);
  REQUIRE(eventually([&] { return bench.report().waiting == 1; }));
  bench.catalog().take_over_breakers({}, {{"s", 1, {.state = BreakerState::open, .left = kNever}}});
  CHECK(waiting.get().failure == ErrorClass::unavailable);
  CHECK(bench.catalog().breaker_news().empty());
  bench.stop();
  hanging.get();
}

TEST_CASE("a server that asks a person or makes a task has answered", "[catalog][breaker]") {
  const std::string tool = GENERATE("s.elicit", "s.job");
  Bench bench;
  bench.options.breaker = {.requests_min = 2, .open_for = 100ms, .trials_max = 1};
  bench.with({});
  hang(bench, 2);
  REQUIRE(eventually([&] { return bench.report().breaker.left == Duration{0}; }));
  const json arguments = tool == "s.job" ? json{{"path", bench.file("never")}} : json{{"params", json::object()}};
  ToolCall call = Bench::call_of(tool, arguments, kNever);
  call.can_answer = {{"elicitation", {{"form", json::object()}}}};
  call.asked = [](const ToolQuestion&, const ToolAnswered&) {};
  auto trial = bench.start(std::move(call));
  CHECK(eventually([&] { return bench.report().breaker.state == BreakerState::closed; }));
  CHECK(trial.wait_for(0s) == std::future_status::timeout);
  bench.stop();
  trial.get();
}

TEST_CASE("while a server is tried others are refused and its tools are known all the same", "[catalog][breaker]") {
  Bench bench;
  bench.options.breaker = {.requests_min = 2, .open_for = 100ms, .trials_max = 1};
  bench.with({}, {{"carillon", {{"max_parallel", 2}}}});
  hang(bench, 2);
  REQUIRE(eventually([&] { return bench.report().breaker.left == Duration{0}; }));
  auto trial = bench.start("s.hang", json::object(), kNever);
  const auto refused = bench.call("s.echo", {{"message", "?"}});
  CHECK(refused.failure == ErrorClass::unavailable);
  CHECK(refused.retry_after > Duration{0});
  CHECK(refused.message.find("server \"s\" is being tried: ") == 0);
  CHECK(bench.describe("s.echo").ok());
  bench.stop();
  trial.get();
}

TEST_CASE("one hanging server leaves threads to the others", "[catalog][breaker]") {
  Remote remote{{"--era", "modern"}};
  Bench& bench = remote.bench;
  bench.options.http_threads = 4;
  bench.write({{"s", remote.entry}, {"t", remote.entry}});
  std::vector<std::future<ToolReply>> hanging;
  for (int i = 0; i < 20; ++i) hanging.push_back(bench.start("s.hang", json::object(), kNever));
  REQUIRE(eventually([&] { return bench.journal("call").size() == 3; }));
  CHECK(bench.text("t.echo", {{"message", "unharmed"}}) == "Echo: unharmed");
  CHECK(bench.report().in_flight == 3);
  CHECK(bench.report().waiting == 17);
  bench.stop();
  for (auto& call : hanging) call.get();
}

TEST_CASE("an entry that wants more threads than one server gets is told so", "[catalog][breaker]") {
  Remote remote{{}, {{"carillon", {{"max_parallel", 4}}}}};
  remote.bench.options.http_threads = 4;
  const auto warnings = remote.bench.catalog().warnings();
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("at most 3 of the 4 threads") != std::string::npos);
  remote.bench.write({{"s", remote.entry}, {"other", {{"command", "/bin/false"}}}});
  CHECK(remote.bench.catalog().warnings() == warnings);  // as long as it is true
}

TEST_CASE("how many calls may wait is the entry's word", "[catalog][breaker]") {
  Bench bench;
  const int places = GENERATE(0, 2);
  bench.with({}, {{"carillon", {{"max_parallel", 1}, {"max_waiting", places}}}});
  std::vector<std::future<ToolReply>> calls;
  calls.push_back(bench.start("s.hang", json::object(), kNever));
  for (int i = 0; i < places; ++i) calls.push_back(bench.start("s.hang", json::object(), kNever));
  const auto reply = bench.call("s.echo", {{"message", "?"}});
  CHECK(reply.failure == ErrorClass::rate_limited);
  CHECK(reply.message.find(std::to_string(places) + " calls already wait") != std::string::npos);
  bench.stop();
  for (auto& call : calls) call.get();
}

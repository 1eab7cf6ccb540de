#include "server/engine/followed_calls.h"

#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace std::chrono_literals;
using carillon::test::EngineFixture;

namespace {

std::string call_id(char letter) { return std::string(32, letter); }

FollowCall following(char letter, const RunStarted& run) {
  return {.id = call_id(letter), .tool = "run_now", .run = RunId{run.run_id}, .shape = {{"s", 1}}};
}

}  // namespace

TEST_CASE("a followed call shows its run as it stands", "[engine][followed_calls]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  const auto run = f.ran("job");
  f.engine.follow_call(f.caller(), following('a', run));
  const auto queued = f.engine.find_followed_call(f.caller(), call_id('a'));
  REQUIRE(queued.ok());
  CHECK(queued->tool == "run_now");
  CHECK(queued->shape == json{{"s", 1}});
  CHECK(queued->run->run == "job#1");
  CHECK(queued->run->state == RunState::queued);
  CHECK(queued->created_at == f.clock.now());
  CHECK(queued->now == f.clock.now());
  CHECK(queued->keep_for == 24h);
  f.finish(run, "failed", "tool_error");
  const auto ended = f.engine.find_followed_call(f.caller(), call_id('a'));
  CHECK(ended->run->state == RunState::failed);
  CHECK(ended->run->error_class == "tool_error");
}

TEST_CASE("a followed call belongs to its agent alone", "[engine][followed_calls]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  f.engine.follow_call(f.caller(), following('a', f.ran("job")));
  const auto stranger = f.engine.find_followed_call(f.caller("stranger"), call_id('a'));
  REQUIRE_FALSE(stranger.ok());
  CHECK(stranger.error().code == ErrorCode::unknown_name);
  CHECK_FALSE(f.engine.find_followed_call(f.caller("owner", "other"), call_id('a')).ok());
  CHECK_FALSE(f.engine.stop_following(f.caller("stranger"), call_id('a')).ok());
  CHECK(f.engine.list_followed_calls(f.caller("stranger"), {})->calls.empty());
  CHECK_FALSE(f.engine.find_followed_call(f.caller(), call_id('a'))->cancelled_at);
}

TEST_CASE("a call that was answered at once keeps its answer", "[engine][followed_calls]") {
  EngineFixture f;
  f.engine.follow_call(f.caller(), {.id = call_id('a'), .tool = "run_now", .answer = {{"said", "no"}}});
  const auto found = f.engine.find_followed_call(f.caller(), call_id('a'));
  REQUIRE(found.ok());
  CHECK_FALSE(found->run);
  CHECK(found->answer == json{{"said", "no"}});
}

TEST_CASE("a followed call is kept for a day at least and thirty days at most", "[engine][followed_calls]") {
  EngineFixture f;
  const auto [wish, kept] = GENERATE(table<Duration, Duration>({{1min, 24h}, {48h, 48h}, {24h * 365, 24h * 30}}));
  f.engine.follow_call(f.caller(),
                       {.id = call_id('a'), .tool = "run_now", .answer = {{"said", "no"}}, .keep_for = wish});
  CHECK(f.engine.find_followed_call(f.caller(), call_id('a'))->keep_for == kept);
}

TEST_CASE("a followed call whose run is not kept any more is gone", "[engine][followed_calls]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  const auto run = f.ran("job");
  f.engine.follow_call(f.caller(), following('a', run));
  f.finish(run, "succeeded");
  f.database.run("DELETE FROM carillon.run_history");
  CHECK_FALSE(f.engine.find_followed_call(f.caller(), call_id('a')).ok());
  CHECK(f.engine.list_followed_calls(f.caller(), {})->calls.empty());
}

TEST_CASE("a followed call that is taken back leaves its run alone", "[engine][followed_calls]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  f.engine.follow_call(f.caller(), following('a', f.ran("job")));
  CHECK(f.engine.stop_following(f.caller(), call_id('a')).ok());
  const Instant first = f.clock.now();
  f.clock.advance(1min);
  CHECK(f.engine.stop_following(f.caller(), call_id('a')).ok());
  const auto found = f.engine.find_followed_call(f.caller(), call_id('a'));
  CHECK(found->cancelled_at == first);
  CHECK(found->run->state == RunState::queued);
  CHECK_FALSE(f.engine.stop_following(f.caller(), call_id('b')).ok());
}

TEST_CASE("followed calls are listed page by page and each once", "[engine][followed_calls]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x","options":{"overlap":"allow"}})");
  for (const char letter : {'a', 'b', 'c', 'd', 'e'}) {
    f.engine.follow_call(f.caller(), following(letter, f.ran("job")));
    if (letter != 'b') f.clock.advance(1s);
  }
  std::string seen;
  std::optional<std::string> cursor;
  do {
    const auto page = f.engine.list_followed_calls(f.caller(), {.limit = 2, .cursor = cursor});
    REQUIRE(page.ok());
    CHECK(page->calls.size() <= 2);
    for (const auto& call : page->calls) seen += call.id.front();
    cursor = page->next_cursor;
  } while (cursor);
  CHECK(seen == "edcba");
  const auto bad = GENERATE(as<std::string>{}, "x", "r00", "c", "c31", "c2c61");
  CHECK(f.engine.list_followed_calls(f.caller(), {.cursor = bad}).error().code == ErrorCode::arguments_invalid);
  CHECK_FALSE(f.engine.list_followed_calls(f.caller(), {.limit = 101}).ok());
}

TEST_CASE("how followed calls stand is asked for many at once", "[engine][followed_calls]") {
  EngineFixture f;
  f.scheduled(R"({"name":"job","when":"manual","message":"x"})");
  const auto run = f.ran("job");
  f.engine.follow_call(f.caller(), following('a', run));
  f.start(run);
  const auto states = f.engine.followed_call_states({{TenantId{"default"}, call_id('a')}, {TenantId{"default"}, "b"}});
  REQUIRE(states.size() == 1);
  CHECK(states[0].state == "running");
  CHECK(f.engine.followed_call_states({}).empty());
}

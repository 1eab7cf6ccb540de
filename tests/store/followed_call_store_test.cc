#include "server/store/followed_call_store.h"

#include <catch2/catch.hpp>

#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

const AgentId kClaude{"claude"};

std::string call_id(char letter) { return std::string(32, letter); }

FollowedCallRecord record(char letter, std::optional<RunId> run, Instant at = kNow) {
  FollowedCallRecord call{.id = call_id(letter),
                          .tool = "run_now",
                          .run = run,
                          .shape = {{"s", letter}},
                          .keep_for = 24h,
                          .created_at = at};
  if (!run) call.answer = {{"content", "said"}};
  return call;
}

void keep(RepositoryFixture& f, const FollowedCallRecord& call, const AgentId& agent = kClaude) {
  f.mine([&](Tx& tx) { FollowedCallStore{tx}.insert(kMine, agent, call); });
}

}  // namespace

TEST_CASE("a followed call is found by its id and by nobody but its agent", "[store][followed_call_store]") {
  RepositoryFixture f;
  keep(f, record('a', RunId{7}));
  keep(f, record('b', std::nullopt));
  const auto find = [&](const AgentId& agent, char letter) {
    return f.mine([&](Tx& tx) { return FollowedCallStore{tx}.find(kMine, agent, call_id(letter)); });
  };
  const auto found = find(kClaude, 'a');
  REQUIRE(found);
  CHECK(found->tool == "run_now");
  CHECK(found->run == RunId{7});
  CHECK(found->shape == json{{"s", 'a'}});
  CHECK(found->answer.is_null());
  CHECK(found->keep_for == 24h);
  CHECK(found->created_at == kNow);
  CHECK_FALSE(found->cancelled_at);
  CHECK_FALSE(find(kClaude, 'b')->run);
  CHECK(find(kClaude, 'b')->answer == json{{"content", "said"}});
  CHECK_FALSE(find(AgentId{"cursor"}, 'a'));
  CHECK_FALSE(find(kClaude, 'c'));
  CHECK(f.only_for_its_owner([](Tx& tx, const TenantId& tenant) {
    return FollowedCallStore{tx}.find(tenant, kClaude, call_id('a')).has_value();
  }));
}

TEST_CASE("a followed call keeps a run or an answer and not less than a day", "[store][followed_call_store]") {
  RepositoryFixture f;
  auto both = record('a', RunId{7});
  both.answer = "x";
  CHECK_THROWS(keep(f, both));
  auto short_lived = record('a', RunId{7});
  short_lived.keep_for = 23h;
  CHECK_THROWS(keep(f, short_lived));
  auto guessable = record('a', RunId{7});
  guessable.id = "7";
  CHECK_THROWS(keep(f, guessable));
}

TEST_CASE("an agent's followed calls are listed newest first and page by page", "[store][followed_call_store]") {
  RepositoryFixture f;
  for (const char letter : {'a', 'b', 'c'}) keep(f, record(letter, RunId{7}, kNow + 1min));
  keep(f, record('d', RunId{7}, kNow + 2min));
  keep(f, record('e', RunId{7}, kNow + 3min), AgentId{"cursor"});
  const auto ids = [&](const FollowedCallStore::Page& page) {
    std::string letters;
    for (const auto& call : f.mine([&](Tx& tx) { return FollowedCallStore{tx}.list(kMine, kClaude, page); }))
      letters += call.id.front();
    return letters;
  };
  CHECK(ids({}) == "dcba");
  CHECK(ids({.limit = 2}) == "dc");
  CHECK(ids({.before = kNow + 1min, .id = call_id('c'), .limit = 2}) == "ba");
  CHECK(f.only_for_its_owner(
      [](Tx& tx, const TenantId& tenant) { return !FollowedCallStore{tx}.list(tenant, kClaude, {}).empty(); }));
}

TEST_CASE("a followed call is taken back once and only by its agent", "[store][followed_call_store]") {
  RepositoryFixture f;
  keep(f, record('a', RunId{7}));
  const auto cancel = [&](const AgentId& agent, Instant at) {
    return f.mine([&](Tx& tx) { return FollowedCallStore{tx}.cancel(kMine, agent, call_id('a'), at); });
  };
  CHECK_FALSE(cancel(AgentId{"cursor"}, kNow));
  CHECK(cancel(kClaude, kNow + 1min));
  CHECK_FALSE(cancel(kClaude, kNow + 2min));
  const auto found = f.mine([&](Tx& tx) { return FollowedCallStore{tx}.find(kMine, kClaude, call_id('a')); });
  CHECK(found->cancelled_at == kNow + 1min);
}

TEST_CASE("the states of followed calls are those of their runs wherever they are", "[store][followed_call_store]") {
  RepositoryFixture f;
  const TaskId task = f.task({.name = "a"});
  keep(f, record('q', f.queue(task, {.id = 1})));
  keep(f, record('r', f.live(task, {.id = 2})));
  keep(f, record('w', f.live(task, {.id = 3}, {.state = RunState::waiting})));
  keep(f, record('e', f.ended(task, {.id = 4}, RunState::failed, ErrorClass::tool_error)));
  keep(f, record('c', f.live(task, {.id = 5})));
  f.mine([](Tx& tx) {
    RunStore{tx}.request_cancel(kMine, run_id(2), {.at = kNow});
    FollowedCallStore{tx}.cancel(kMine, kClaude, call_id('c'), kNow);
  });
  std::vector<FollowedCallId> asked;
  for (const char letter : {'q', 'r', 'w', 'e', 'c', 'x'}) asked.push_back({kMine, call_id(letter)});
  asked.push_back({kTheirs, call_id('q')});
  std::map<char, std::string> told;
  for (const auto& call : f.store.across_tenants([&](Tx& tx) { return FollowedCallStore{tx}.states(asked); }))
    told[call.id.front()] = call.tenant.str() + " " + call.state + (call.stopping ? " stopping" : "") +
                            (call.cancelled ? " cancelled" : "");
  CHECK(told == std::map<char, std::string>{{'q', "default queued"},
                                            {'r', "default running stopping"},
                                            {'w', "default waiting"},
                                            {'e', "default failed"},
                                            {'c', "default running cancelled"}});
}

#include "server/store/letter_store.h"

#include <catch2/catch.hpp>
#include <thread>

#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

struct Writing : RepositoryFixture {
  const TaskId echo = task({.name = "echo"});
  Instant now = kNow + 1h;

  Writing() { tells("{webhook:https://a.example/}"); }
  void tells(const std::string& targets) {
    database.run("UPDATE carillon.task SET notify = '" + targets + "', notify_on = 'always' WHERE name = 'echo'");
  }
  // Runs first … last end, a minute apart.
  void ends(std::int64_t first, std::int64_t last) {
    for (std::int64_t id = first; id <= last; ++id) ended(echo, {.id = id}, RunState::succeeded);
  }
  std::optional<TakenLetter> take(int per_hour_max = 20) {
    return store.across_tenants([&](Tx& tx) {
      return LetterStore{tx}.take({.kind = "webhook", .now = now, .until = now + 40s, .per_hour_max = per_hour_max});
    });
  }
  void settle(const TakenLetter& letter, DeliveryState state = DeliveryState::sent, const std::string& error = "") {
    store.across_tenants([&](Tx& tx) { LetterStore{tx}.settle(letter.key, {state, error, now}); });
  }
  // How many runs the next letter tells.
  std::size_t sent(int per_hour_max) {
    const auto letter = take(per_hour_max);
    if (letter) settle(*letter);
    return letter ? letter->runs.size() : 0;
  }
  void retry(const TakenLetter& letter, Duration after, LetterStore::Others others = LetterStore::Others::go_on) {
    store.across_tenants([&](Tx& tx) { LetterStore{tx}.retry(letter, now + after, "no answer", others); });
  }
  bool any_due() {
    return store.across_tenants([&](Tx& tx) { return LetterStore{tx}.any_due("webhook", now); });
  }
  std::string states() { return database.ask("SELECT string_agg(state, ' ' ORDER BY run_id) FROM carillon.delivery"); }
};

}  // namespace

TEST_CASE("the kind of a target is known to the database", "[store][letter]") {
  Writing f;
  f.tells("{session,desktop,email:a@b.example,webhook:https://a.example/,slack.send,email.send,webhooks.post}");
  f.ends(1, 1);
  CHECK(f.database.ask("SELECT string_agg(target || '=' || kind, ' ' ORDER BY target COLLATE \"C\") "
                       "FROM carillon.delivery") ==
        "desktop=desktop email.send=tool email:a@b.example=email session=session slack.send=tool "
        "webhook:https://a.example/=webhook webhooks.post=tool");
}

TEST_CASE("a letter is one taker's until it is due again and keeps its name", "[store][letter]") {
  Writing f;
  CHECK_FALSE(f.any_due());
  CHECK_FALSE(f.take());
  f.ends(1, 1);
  CHECK(f.any_due());
  const auto letter = f.take();
  REQUIRE(letter);
  CHECK(letter->key.target == "webhook:https://a.example/");
  CHECK(letter->key.tenant == kMine);
  CHECK(letter->key.first == run_id(1));
  CHECK(letter->runs == std::vector{run_id(1)});
  CHECK(letter->agent.str() == "owner");
  CHECK(letter->attempt == 1);
  CHECK_FALSE(letter->interrupted);
  CHECK_FALSE(f.take());

  f.now += 40s;  // its taker has died
  const auto again = f.take();
  REQUIRE(again);
  CHECK(again->interrupted);
  CHECK(again->attempt == 2);
  CHECK(again->key.first == run_id(1));
  f.retry(*letter, 0s);  // the one that came back late
  CHECK_FALSE(f.take());
  f.retry(*again, 10s);
  CHECK_FALSE(f.take());
  f.now += 10s;
  const auto third = f.take();
  REQUIRE(third);
  CHECK_FALSE(third->interrupted);
  CHECK(third->attempt == 3);
  f.settle(*third);
  CHECK(f.states() == "sent");
  CHECK(f.database.ask("SELECT last_error FROM carillon.delivery").empty());
  f.now += 1h;
  CHECK_FALSE(f.take());
}

TEST_CASE("what exceeds the hour of a target waits and is told in one letter", "[store][letter]") {
  Writing f;
  f.ends(1, 5);
  CHECK(f.sent(2) == 1);
  f.now += 10min;
  CHECK(f.sent(2) == 1);
  CHECK(f.sent(2) == 0);
  CHECK(f.database.ask("SELECT count(*) FROM carillon.delivery WHERE held AND due_at = '2026-11-20 02:00+00'") == "3");
  f.now += 49min;
  f.ends(6, 6);
  CHECK(f.sent(2) == 0);  // it joins those that wait
  f.now += 1min;
  const auto folded = f.take(2);
  REQUIRE(folded);
  CHECK(folded->runs == std::vector{run_id(3), run_id(4), run_id(5), run_id(6)});
  CHECK(folded->key.first == run_id(3));

  f.ends(7, 7);
  f.retry(*folded, 5min);
  f.now += 5min;
  CHECK(f.take(9)->runs == std::vector{run_id(7)});
  const auto again = f.take(9);
  REQUIRE(again);
  CHECK(again->runs == folded->runs);  // what came later is not in it: its receiver has perhaps read it
  f.settle(*again);
  CHECK(f.states() == "sent sent sent sent sent sent pending");
}

TEST_CASE("two takers at once do not both count the last letter of an hour as free", "[store][letter]") {
  Writing f;
  f.ends(1, 2);
  std::optional<TakenLetter> second;
  std::thread other;
  const auto first = f.store.across_tenants([&](Tx& tx) {
    const auto letter =
        LetterStore{tx}.take({.kind = "webhook", .now = f.now, .until = f.now + 40s, .per_hour_max = 1});
    other = std::thread{[&] { second = f.take(1); }};
    CHECK(f.database.comes_to_wait());
    return letter;
  });
  other.join();
  REQUIRE(first);
  CHECK(first->runs == std::vector{run_id(1)});
  CHECK_FALSE(second);
}

TEST_CASE("targets do not wait for each other's hours", "[store][letter]") {
  Writing f;
  f.tells("{webhook:https://a.example/,webhook:https://b.example/}");
  f.ends(1, 2);
  CHECK(f.sent(1) == 1);
  CHECK(f.sent(1) == 1);
  CHECK(f.sent(1) == 0);
  CHECK(f.database.ask("SELECT count(DISTINCT target) FROM carillon.delivery WHERE held") == "2");
}

TEST_CASE("what waits for a target that cannot be reached is not tried one by one", "[store][letter]") {
  Writing f;
  f.ends(1, 3);
  const auto first = f.take();
  REQUIRE(first);
  f.retry(*first, 1min, LetterStore::Others::wait);
  CHECK_FALSE(f.take());
  CHECK(f.database.ask("SELECT count(*) FROM carillon.delivery WHERE last_error = 'no answer'") == "3");
  f.now += 1min;
  CHECK(f.take());
}

TEST_CASE("what nobody delivers here says so and is still due", "[store][letter]") {
  Writing f;
  f.ends(1, 1);
  f.store.across_tenants([&](Tx& tx) { LetterStore{tx}.note_undeliverable("webhook", f.now, "there is no network"); });
  f.store.across_tenants([&](Tx& tx) { LetterStore{tx}.note_undeliverable("webhook", f.now, "another reason"); });
  CHECK(f.database.ask("SELECT last_error FROM carillon.delivery") == "there is no network");
  CHECK(f.take());
}

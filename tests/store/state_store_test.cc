// The shared state in the database: what many do to one key at once, what is listed, and what is forgotten.
#include "server/store/state_store.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "server/base/guarded.h"
#include "server/store/retention.h"
#include "tests/store/repository_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

struct StateFixture : RepositoryFixture {
  // Lock, decide, save; nothing: it was refused.
  std::optional<StateEntry> change(const StateKey& key, const StateChange& wanted, Instant now = kNow,
                                   const std::string& who = "anna") {
    auto entry = store.in_tx(kMine, [&](Tx& tx) -> Result<StateEntry> {
      StateStore state{tx};
      auto next = changed(state.lock(kMine, key), wanted, {who, now});
      if (next) state.save(kMine, key, *next);
      return next;
    });
    return entry ? std::optional{*entry} : std::nullopt;
  }
  std::int64_t version_of_set(const std::string& key, const json& value, std::optional<Duration> ttl = {}) {
    return change({.key = key}, {.op = StateOp::set, .value = value, .ttl = ttl})->version();
  }
  std::optional<StateRecord> find(const std::string& key, int value_bytes = 100) {
    return mine([&](Tx& tx) { return StateStore{tx}.find(kMine, {.key = key}, value_bytes); });
  }
  std::string listed(StateQuery query) {
    query.now = std::max(query.now, kNow);
    std::string keys;
    for (const auto& each : mine([&](Tx& tx) { return StateStore{tx}.list(kMine, query); })) keys += each.key + " ";
    return keys;
  }
};

// Runs `work(n)` in that many threads, which begin together.
template <class Work>
void together(int threads, Work work) {
  std::barrier start{threads};
  std::vector<std::jthread> all;
  for (int n = 0; n < threads; ++n)
    all.emplace_back([&, n] {
      start.arrive_and_wait();
      work(n);
    });
}

}  // namespace

TEST_CASE("an entry is kept as it was saved", "[store][state_store]") {
  StateFixture f;
  const json value{{"a", "\0 and \\u0000"}, {"ü", {1, 2.5, nullptr}}};
  f.version_of_set("k", value, 1h);
  f.change({.key = "k"}, {.op = StateOp::acquire, .ttl = 30min}, kNow, "ben");
  const auto found = f.find("k");
  REQUIRE(found.has_value());
  CHECK(json::parse(found->entry.value->text) == value);
  CHECK(found->entry.value->version == 1);
  CHECK(found->entry.value->expires_at == kNow + 1h);
  CHECK(found->entry.value->changed_by == "anna");
  CHECK(found->entry.value->changed_at == kNow);
  CHECK(found->entry.lease->fencing == 2);
  CHECK(found->entry.lease->holder == "ben");
  CHECK(found->entry.lease->until == kNow + 30min);
  CHECK(found->entry.last_number == 2);
  CHECK(f.find("k", 3)->entry.value->text == found->entry.value->text.substr(0, 3));
  CHECK(f.find("k", 3)->value_bytes == static_cast<std::int64_t>(found->entry.value->text.size()));
  CHECK_FALSE(f.find("other").has_value());
}

TEST_CASE("thirty-two increments at once are all counted", "[store][state_store][concurrency]") {
  StateFixture f;
  std::atomic<int> done = 0;
  together(32, [&](int) { done += f.change({.key = "n"}, {.op = StateOp::increment}).has_value() ? 1 : 0; });
  CHECK(done == 32);
  CHECK(f.find("n")->entry.value->text == "32");
  CHECK(f.find("n")->entry.version() == 32);
}

TEST_CASE("of eight who acquire a key at once one holds it", "[store][state_store][concurrency]") {
  StateFixture f;
  Guarded<std::vector<std::int64_t>> given;
  for (int round = 0; round < 5; ++round) {
    const Instant now = kNow + round * 1min;  // the lease of the round before is over
    std::atomic<int> holders = 0;
    together(8, [&](int n) {
      const auto entry =
          f.change({.key = "lease"}, {.op = StateOp::acquire, .ttl = 1min}, now, "agent-" + std::to_string(n));
      if (!entry) return;
      ++holders;
      given.with([&](auto& all) { all.push_back(entry->lease->fencing); });
    });
    CHECK(holders == 1);
  }
  CHECK(given.with([](auto& all) { return all; }) == std::vector<std::int64_t>{1, 2, 3, 4, 5});
}

TEST_CASE("eight who take turns with a lease never hold it together", "[store][state_store][concurrency]") {
  StateFixture f;
  std::atomic<int> inside = 0, collisions = 0, turns = 0;
  Guarded<std::vector<std::int64_t>> given;  // in the order of holding
  together(8, [&](int n) {
    for (int mine = 0; mine < 5;) {
      const auto held =
          f.change({.key = "turns"}, {.op = StateOp::acquire, .ttl = 1h}, kNow, "agent-" + std::to_string(n));
      if (!held) {
        std::this_thread::yield();
        continue;
      }
      if (inside.fetch_add(1) != 0) ++collisions;
      given.with([&](auto& all) { all.push_back(held->lease->fencing); });
      const StateChange count{.op = StateOp::increment, .if_version = held->lease->fencing};
      if (f.change({.key = "turns"}, count)) ++turns;
      --inside;
      f.change({.key = "turns"}, {.op = StateOp::release, .if_version = held->lease->fencing});
      ++mine;
    }
  });
  CHECK(collisions == 0);
  CHECK(turns == 40);
  CHECK(f.find("turns")->entry.value->text == "40");
  const auto numbers = given.with([](auto& all) { return all; });
  CHECK(numbers.size() == 40);
  CHECK(std::adjacent_find(numbers.begin(), numbers.end(), std::greater_equal<>{}) == numbers.end());
}

TEST_CASE("no number is given twice although keys are swept while they are taken",
          "[store][state_store][concurrency]") {
  StateFixture f;
  // Every lease is long over when it is made, so the sweeper takes each row that it can get.
  const Instant long_ago = kNow - 48h;
  std::vector<std::int64_t> numbers;
  std::atomic<bool> stop = false;
  {
    std::jthread sweeper{[&] {
      while (!stop) Retention{f.store, RetentionOptions{}}.sweep(kNow);
    }};
    for (int n = 0; n < 300; ++n) {
      const auto entry = f.change({.key = "k"}, {.op = StateOp::acquire, .ttl = 1s}, long_ago + n * 2s);
      numbers.push_back(entry ? entry->lease->fencing : 0);
    }
    stop = true;
  }
  CHECK(numbers.front() == 1);
  CHECK(std::adjacent_find(numbers.begin(), numbers.end(), std::greater_equal<>{}) == numbers.end());
}

TEST_CASE("a forgotten key goes on behind its last number", "[store][state_store][retention]") {
  StateFixture f;
  const auto sweep = [&](Instant now) { Retention{f.store, RetentionOptions{}}.sweep(now); };
  f.version_of_set("kept", 1);
  for (int n = 0; n < 5; ++n) f.version_of_set("short", n, 1min);
  f.change({.key = "held"}, {.op = StateOp::acquire, .ttl = 3h});
  f.change({.key = "released"}, {.op = StateOp::acquire, .ttl = 3h});
  f.change({.key = "released"}, {.op = StateOp::release, .if_version = 1});
  sweep(kNow + 30min);
  CHECK(f.count("state_entry") == "4");  // the clocks of daemons differ, so not at once
  sweep(kNow + 2h);
  CHECK(f.database.ask("SELECT string_agg(key, ' ' ORDER BY key) FROM carillon.state_entry") == "held kept");
  CHECK(f.version_of_set("short", 9) == 6);
  CHECK(f.version_of_set("new", 9) == 6);
  CHECK(f.version_of_set("kept", 9) == 2);
  sweep(kNow + 5h);
  CHECK(f.database.ask("SELECT string_agg(key, ' ' ORDER BY key) FROM carillon.state_entry") == "kept new short");
  CHECK(f.database.ask("SELECT last_number FROM carillon.state_floor") == "5");
}

TEST_CASE("entries are listed by prefix in pages without those that hold nothing", "[store][state_store]") {
  StateFixture f;
  for (const char* key : {"a", "a/1", "a/2", "a%", "a_", "A/1", "b", "ä/1"}) f.version_of_set(key, key);
  f.version_of_set("a/gone", 1, 1min);
  f.change({.key = "a/held"}, {.op = StateOp::acquire, .ttl = 1h});
  f.change({.space = "other", .key = "a/other"}, {.op = StateOp::set, .value = 1});
  CHECK(f.listed({.prefix = "a/", .now = kNow + 2min}) == "a/1 a/2 a/held ");
  CHECK(f.listed({.prefix = "a/", .now = kNow + 2h}) == "a/1 a/2 ");
  CHECK(f.listed({.prefix = "a/", .now = kNow + 2min, .limit = 1}) == "a/1 ");
  CHECK(f.listed({.prefix = "a/", .after = "a/1", .now = kNow + 2min, .limit = 1}) == "a/2 ");
  CHECK(f.listed({.prefix = "a%"}) == "a% ");
  CHECK(f.listed({.prefix = "a_"}) == "a_ ");
  CHECK(f.listed({.now = kNow + 2min, .limit = 100}) == "A/1 a a% a/1 a/2 a/held a_ b ä/1 ");
  CHECK(f.listed({.prefix = "nothing"}).empty());
  const std::string last_of_all = "a/" + [] {
    std::string text;
    for (int n = 0; n < 49; ++n) text += "\xF4\x8F\xBF\xBF";
    return text;
  }();
  f.version_of_set(last_of_all, 1);
  CHECK(f.listed({.prefix = "a/", .after = "a/held"}) == last_of_all + " ");
}

TEST_CASE("the last twenty replaced values are kept until their time is over", "[store][state_store][retention]") {
  StateFixture f;
  const auto keep = [&](std::int64_t version, Instant until) {
    f.mine([&](Tx& tx) {
      StateStore{tx}.keep(kMine, {.key = "k"}, {version, std::to_string(version), {}, kNow, "anna"}, until);
    });
  };
  const auto versions = [&](StateVersionQuery query) {
    query.value_bytes = 10;
    std::string text;
    for (const auto& each : f.mine([&](Tx& tx) { return StateStore{tx}.versions(kMine, {.key = "k"}, query); }))
      text += each.value.text + " ";
    return text;
  };
  for (int version = 1; version <= 25; ++version) keep(version, kNow + version * 1h);
  CHECK(f.count("state_version") == "20");
  CHECK(versions({.before = 9, .now = kNow, .limit = 2}) == "8 7 ");
  CHECK(versions({.before = 9, .now = kNow, .limit = 10}) == "8 7 6 ");
  CHECK(versions({.before = 9, .now = kNow + 7h, .limit = 10}) == "8 ");
  Retention{f.store, RetentionOptions{}}.sweep(kNow + 7h + 1s);
  CHECK(f.database.ask("SELECT min(version) FROM carillon.state_version") == "8");
}

TEST_CASE("the shared state of a tenant is seen and changed by nobody else", "[store][state_store]") {
  StateFixture f;
  f.version_of_set("k", 1);
  f.mine([&](Tx& tx) { StateStore{tx}.keep(kMine, {.key = "k"}, {1, "1", {}, kNow, "anna"}, kNow + 1h); });
  CHECK(f.only_for_its_owner(
      [](Tx& tx, const TenantId& tenant) { return StateStore{tx}.find(tenant, {.key = "k"}, 10).has_value(); }));
  CHECK(f.only_for_its_owner(
      [](Tx& tx, const TenantId& tenant) { return !StateStore{tx}.list(tenant, {.now = kNow}).empty(); }));
  CHECK(f.only_for_its_owner([](Tx& tx, const TenantId& tenant) {
    return !StateStore{tx}.versions(tenant, {.key = "k"}, {.before = 9, .now = kNow}).empty();
  }));
  CHECK(f.only_for_its_owner(
      [](Tx& tx, const TenantId& tenant) { return StateStore{tx}.forget_versions(tenant, {.key = "k"}) == 1; }));
  const auto theirs = f.store.in_tx(kTheirs, [](Tx& tx) { return StateStore{tx}.lock(kTheirs, {.key = "k"}); });
  CHECK(theirs.last_number == 0);
}

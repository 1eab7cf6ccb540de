// Reading the shared state: one key with the values it had, or keys in pages.
#include "tests/engine/engine_fixture.h"

using namespace carillon;
using namespace carillon::test;
using namespace std::chrono_literals;

namespace {

struct ReadingState : EngineFixture {
  void set(const StateKey& key, json value) {
    REQUIRE(engine.set_state(caller("anna"), {.entry = key, .change = {.value = std::move(value)}}).ok());
  }
  StateDetail detail(const GetState& query) {
    const auto found = engine.get_state(caller(), query);
    if (!found) FAIL(found.error().message);
    return *found;
  }
  StatePage page(const ListState& query) {
    const auto found = engine.list_state(caller(), query);
    if (!found) FAIL(found.error().message);
    return *found;
  }
};

std::string keys_of(const StatePage& page) {
  std::string keys;
  for (const auto& each : page.entries) keys += each.key + " ";
  return keys;
}

}  // namespace

TEST_CASE("a key is shown with its value and who wrote it and who holds it", "[engine][get_state]") {
  ReadingState f;
  f.set({.key = "k"}, {{"text", std::string(100, 'x')}});
  REQUIRE(f.engine.set_state(f.caller("ben"), {.entry = {.key = "k"}, .change = {.op = StateOp::acquire}}).ok());
  const auto whole = f.detail({.entry = {.key = "k"}, .value_bytes = 1'000}).entry;
  CHECK(whole.version == 1);
  CHECK(json::parse(whole.text)["text"] == std::string(100, 'x'));
  CHECK(whole.bytes == static_cast<std::int64_t>(whole.text.size()));
  CHECK(whole.changed_by == "anna");
  CHECK(whole.changed_at == f.clock.now());
  CHECK(whole.holder == "ben");
  CHECK(whole.until == f.clock.now() + kLeaseDefault);
  const auto cut = f.detail({.entry = {.key = "k"}, .value_bytes = 10}).entry;
  CHECK(cut.text == whole.text.substr(0, 10));
  CHECK(cut.bytes == whole.bytes);
  f.clock.advance(kLeaseDefault);
  CHECK(f.detail({.entry = {.key = "k"}}).entry.holder.empty());
}

TEST_CASE("a value that has expired is not there although its row still is", "[engine][get_state]") {
  ReadingState f;
  REQUIRE(f.engine.set_state(f.caller(), {.entry = {.key = "k"}, .change = {.value = 1, .ttl = 1h}}).ok());
  CHECK(f.detail({.entry = {.key = "k"}}).entry.expires_at == f.clock.now() + 1h);
  f.clock.advance(1h);
  CHECK(f.detail({.entry = {.key = "k"}, .value_bytes = 10}).entry.version == 0);
  CHECK(f.page({}).entries.empty());
  CHECK(f.count("state_entry") == 1);
}

TEST_CASE("where there is nothing the keys that read like it are named", "[engine][get_state]") {
  ReadingState f;
  f.set({.key = "build/main"}, 1);
  f.set({.space = "other", .key = "build/mian"}, 1);
  const auto nothing = f.detail({.entry = {.key = "build/mian"}});
  CHECK(nothing.entry.version == 0);
  CHECK(nothing.nearest == std::vector<std::string>{"build/main"});
  CHECK(f.detail({.entry = {.key = "build/main"}}).nearest.empty());
}

TEST_CASE("earlier values come in pages with the last first", "[engine][get_state]") {
  ReadingState f;
  for (int n = 1; n <= 6; ++n) f.set({.key = "k"}, n);
  const auto first = f.detail({.entry = {.key = "k"}, .limit = 3, .earlier_bytes = 10});
  REQUIRE(first.earlier.size() == 3);
  CHECK(first.earlier[0].version == 5);
  CHECK(first.earlier[0].text == "5");
  CHECK(first.earlier[0].changed_by == "anna");
  REQUIRE(first.next_cursor.has_value());
  const auto rest = f.detail({.entry = {.key = "k"}, .limit = 3, .cursor = first.next_cursor, .earlier_bytes = 10});
  REQUIRE(rest.earlier.size() == 2);
  CHECK(rest.earlier[1].version == 1);
  CHECK_FALSE(rest.next_cursor.has_value());
  CHECK(f.detail({.entry = {.key = "k"}}).earlier.empty());
}

TEST_CASE("keys are listed by namespace and prefix in pages", "[engine][get_state]") {
  ReadingState f;
  for (const char* key : {"a/1", "a/2", "a/3", "b"}) f.set({.key = key}, key);
  f.set({.space = "other", .key = "a/4"}, 1);
  CHECK(keys_of(f.page({})) == "a/1 a/2 a/3 b ");
  const auto first = f.page({.prefix = "a/", .limit = 2, .value_bytes = 100});
  CHECK(keys_of(first) == "a/1 a/2 ");
  CHECK(first.entries[0].text == R"("a/1")");
  REQUIRE(first.next_cursor.has_value());
  const auto rest = f.page({.prefix = "a/", .limit = 2, .cursor = first.next_cursor});
  CHECK(keys_of(rest) == "a/3 ");
  CHECK_FALSE(rest.next_cursor.has_value());
  CHECK(keys_of(f.page({.space = "other"})) == "a/4 ");
  CHECK(keys_of(f.page({.prefix = "nothing"})).empty());
}

TEST_CASE("questions about the shared state that cannot be answered say where", "[engine][get_state]") {
  ReadingState f;
  f.set({.key = "k"}, 1);
  f.set({.key = "l"}, 1);
  const auto refused = [&](const GetState& query) { return f.engine.get_state(f.caller(), query).error().pointer; };
  CHECK(refused({.entry = {.key = ""}}) == "/key");
  CHECK(refused({.entry = {.key = std::string(201, 'x')}}) == "/key");
  CHECK(refused({.entry = {.space = "a\nb", .key = "k"}}) == "/namespace");
  CHECK(refused({.entry = {.key = "k"}, .limit = 101}) == "/limit");
  CHECK(refused({.entry = {.key = "k"}, .limit = 1, .cursor = "x"}) == "/cursor");
  const auto of_list = f.page({.limit = 1}).next_cursor;
  CHECK(refused({.entry = {.key = "k"}, .limit = 1, .cursor = of_list}) == "/cursor");
  const auto refused_list = [&](const ListState& query) {
    return f.engine.list_state(f.caller(), query).error().pointer;
  };
  CHECK(refused_list({.prefix = "a\tb"}) == "/prefix");
  CHECK(refused_list({.limit = 0}) == "/limit");
  CHECK(refused_list({.cursor = "x"}) == "/cursor");
}

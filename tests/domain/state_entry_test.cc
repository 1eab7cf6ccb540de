// What each operation on the shared state makes of an entry, and what is refused.
#include "server/domain/state_entry.h"

#include <catch2/catch.hpp>

#include "tests/domain/friday.h"

using namespace carillon;
using namespace std::chrono_literals;
using carillon::test::kNow;

namespace {

// An entry under a clock: applies a change or keeps the refusal.
struct Key {
  StateEntry entry{};
  Instant now = kNow;

  Status apply(const StateChange& change, const std::string& who = "anna") {
    auto next = changed(entry, change, {who, now});
    if (!next) return next.error();
    entry = *next;
    return Done{};
  }
  void must(const StateChange& change, const std::string& who = "anna") {
    const auto done = apply(change, who);
    if (!done) FAIL(done.error().message);
  }
  Error refused(const StateChange& change, const std::string& who = "anna") {
    const StateEntry before = entry;
    const auto done = apply(change, who);
    REQUIRE_FALSE(done.ok());
    CHECK(entry.last_number == before.last_number);
    return done.error();
  }
  json value() const {
    const auto live = entry.at(now);
    return live.value ? json::parse(live.value->text) : json(nullptr);
  }
  std::int64_t acquired(Duration ttl, const std::string& who = "anna") {
    must({.op = StateOp::acquire, .ttl = ttl}, who);
    return entry.lease->fencing;
  }
};

StateChange set_to(json value, std::optional<std::int64_t> if_version = std::nullopt) {
  return {.op = StateOp::set, .value = std::move(value), .if_version = if_version};
}
StateChange release(std::int64_t fencing) { return {.op = StateOp::release, .if_version = fencing}; }

}  // namespace

TEST_CASE("a value has a version that grows with each change", "[domain][state_entry]") {
  Key key;
  CHECK(key.entry.version() == 0);
  key.must(set_to({{"a", 1}}));
  CHECK(key.entry.version() == 1);
  CHECK(key.entry.value->changed_by == "anna");
  CHECK(key.entry.value->changed_at == kNow);
  key.must(set_to("text"), "ben");
  CHECK(key.entry.version() == 2);
  CHECK(key.value() == "text");
}

TEST_CASE("a change of another version than expected is refused with the version that is there",
          "[domain][state_entry]") {
  Key key;
  key.must(set_to(1, 0));
  const Error taken = key.refused(set_to(2, 0));
  CHECK(taken.code == ErrorCode::version_conflict);
  CHECK(taken.pointer == "/if_version");
  CHECK(taken.details["current_version"] == 1);
  CHECK(taken.details["current"] == 1);
  key.must(set_to(2, 1));
  CHECK(key.refused(set_to(3, 1)).details["current_version"] == 2);
  CHECK(key.refused({.op = StateOp::increment, .if_version = 1}).code == ErrorCode::version_conflict);
  key.must(set_to(std::string(2'000, 'x')));
  CHECK_FALSE(key.refused(set_to(3, 1)).details.contains("current"));
  CHECK(key.refused(set_to(3, -1)).code == ErrorCode::arguments_invalid);
}

TEST_CASE("a value with an end is gone at its end and its version is not used again", "[domain][state_entry]") {
  Key key;
  key.must({.op = StateOp::set, .value = 5, .ttl = 10s});
  key.now += 9s;
  CHECK(key.value() == 5);
  key.must({.op = StateOp::increment});
  CHECK(key.entry.value->expires_at == kNow + 10s);  // a count goes on within its time
  key.now += 1s;
  CHECK(key.value().is_null());
  CHECK(key.refused(set_to(1, 2)).details["current_version"] == 0);
  key.must({.op = StateOp::increment});
  CHECK(key.value() == 1);
  CHECK(key.entry.version() == 3);
  CHECK_FALSE(key.entry.value->expires_at.has_value());
  key.must({.op = StateOp::set, .value = 5, .ttl = 10s});
  key.must(set_to(6));
  CHECK_FALSE(key.entry.value->expires_at.has_value());
}

TEST_CASE("sums stay exact or are refused", "[domain][state_entry]") {
  const auto by = [](json amount) { return StateChange{.op = StateOp::increment, .value = std::move(amount)}; };
  Key key;
  key.must(by(9007199254740993));
  key.must(by(-1));
  CHECK(key.value() == 9007199254740992);
  key.must(set_to(INT64_MAX));
  CHECK(key.refused(by(1)).pointer == "/value");
  CHECK(key.refused(by(std::uint64_t{INT64_MAX} + 1)).pointer == "/value");
  key.must(by(INT64_MIN));
  CHECK(key.value() == -1);
  key.must(by(0.5));
  CHECK(key.value() == -0.5);
  key.must(set_to(1e308));
  CHECK(key.refused(by(1e308)).pointer == "/value");
  CHECK(key.refused(by("1")).pointer == "/value");
  key.must(set_to("five"));
  const Error wrong = key.refused(by(1));
  CHECK(wrong.code == ErrorCode::conflict);
  CHECK_THAT(wrong.message, Catch::Contains("string"));
}

TEST_CASE("a list grows by one and up to its limit", "[domain][state_entry]") {
  const auto append = [](json value) { return StateChange{.op = StateOp::append, .value = std::move(value)}; };
  Key key;
  key.must(append(1));
  key.must(append({{"a", json::array({2})}}));
  CHECK(key.value() == json::parse(R"([1,{"a":[2]}])"));
  const Error full = key.refused(append(std::string(kStateValueBytesMax - 10, 'x')));
  CHECK(full.code == ErrorCode::too_large);
  CHECK(full.pointer == "/value");
  key.must(set_to(1));
  CHECK(key.refused(append(1)).code == ErrorCode::conflict);
}

TEST_CASE("a value that is too large or too deep is refused", "[domain][state_entry]") {
  Key key;
  CHECK(key.refused(set_to(std::string(kStateValueBytesMax, 'x'))).code == ErrorCode::too_large);
  json deep = 1;
  for (std::size_t i = 0; i < kStateValueDepthMax; ++i) deep = json::array({deep});
  key.must(set_to(deep));
  CHECK(key.refused(set_to(json::array({deep}))).pointer == "/value");
  key.must(set_to(json::array()));
  CHECK(key.refused({.op = StateOp::append, .value = deep}).pointer == "/value");
}

TEST_CASE("a lease has one holder and each a greater number", "[domain][state_entry]") {
  Key key;
  key.must(set_to("before"));
  const auto first = key.acquired(30min);
  CHECK(first == 2);
  CHECK(key.entry.version() == 1);  // the value is another matter
  const Error held = key.refused({.op = StateOp::acquire}, "ben");
  CHECK(held.code == ErrorCode::conflict);
  CHECK(held.details["holder"] == "anna");
  CHECK(held.details["until"] == "2026-11-20T13:30:00Z");
  CHECK(key.refused({.op = StateOp::acquire}).code == ErrorCode::conflict);  // nor by the same name once more
  key.now += 30min;
  CHECK(key.acquired(1min, "ben") == 3);
  key.must(release(3), "ben");
  CHECK(key.acquired(1min) == 4);
}

TEST_CASE("only who names the lease in force changes the value", "[domain][state_entry]") {
  Key key;
  key.must(set_to("before"));
  const auto fencing = key.acquired(30min);
  CHECK(key.refused(set_to("x"), "ben").code == ErrorCode::conflict);
  CHECK(key.refused(set_to("x", 1), "ben").code == ErrorCode::conflict);  // the right version, yet not its turn
  CHECK(key.refused({.op = StateOp::increment}, "ben").code == ErrorCode::conflict);
  key.must(set_to("one", fencing));
  key.must(set_to("two", fencing));  // as often as it likes
  CHECK(key.entry.version() == 4);
  key.now += 30min;
  const Error late = key.refused(set_to("late", fencing));
  CHECK(late.code == ErrorCode::version_conflict);
  CHECK(late.details["current_version"] == 4);
  key.acquired(1min, "ben");
  const Error later = key.refused(set_to("late", fencing));
  CHECK(later.code == ErrorCode::version_conflict);
  CHECK(later.details["holder"] == "ben");
  CHECK(key.value() == "two");
}

TEST_CASE("a lease in force is lengthened or released by its number and no other", "[domain][state_entry]") {
  Key key;
  const auto fencing = key.acquired(1min);
  key.now += 30s;
  key.must({.op = StateOp::acquire, .if_version = fencing, .ttl = 1min});
  CHECK(key.entry.lease->fencing == fencing);
  CHECK(key.entry.lease->until == kNow + 90s);
  CHECK(key.refused(release(fencing + 1)).code == ErrorCode::version_conflict);
  key.must(release(fencing));
  CHECK_FALSE(key.entry.at(key.now).lease.has_value());
  const Instant ended = key.entry.lease->until;
  key.now += 1s;
  key.must(release(fencing));  // again, and nothing changes
  CHECK(key.entry.lease->until == ended);
  CHECK(key.refused({.op = StateOp::acquire, .if_version = fencing}).code == ErrorCode::version_conflict);
  const auto next = key.acquired(kLeaseMax, "ben");
  CHECK(next > fencing);
  CHECK(key.refused(release(fencing)).details["holder"] == "ben");
}

TEST_CASE("what does not belong to an operation is refused", "[domain][state_entry]") {
  Key key;
  const auto pointer_of = [&](const StateChange& change) { return key.refused(change).pointer; };
  CHECK(pointer_of({.op = StateOp::set}) == "/value");
  CHECK(pointer_of({.op = StateOp::append}) == "/value");
  CHECK(pointer_of({.op = StateOp::acquire, .value = 1}) == "/value");
  CHECK(pointer_of({.op = StateOp::release, .value = 1, .if_version = 1}) == "/value");
  CHECK(pointer_of({.op = StateOp::release}) == "/if_version");
  CHECK(pointer_of({.op = StateOp::release, .if_version = 1, .ttl = 1s}) == "/ttl");
  CHECK(pointer_of({.op = StateOp::set, .value = 1, .ttl = 0s}) == "/ttl");
  CHECK(pointer_of({.op = StateOp::set, .value = 1, .ttl = kStateTtlMax + 1s}) == "/ttl");
  CHECK(pointer_of({.op = StateOp::acquire, .ttl = kLeaseMax + 1s}) == "/ttl");
}

TEST_CASE("keys and namespaces are short and without control characters", "[domain][state_entry]") {
  CHECK(check_state_key({.key = "repo/a/build ü"}).ok());
  CHECK(check_state_key({.key = std::string(kStateKeyBytesMax, 'k')}).ok());
  const auto pointer_of = [](const StateKey& key) {
    const auto fits = check_state_key(key);
    REQUIRE_FALSE(fits.ok());
    return fits.error().pointer;
  };
  CHECK(pointer_of({.key = ""}) == "/key");
  CHECK(pointer_of({.key = std::string(kStateKeyBytesMax + 1, 'k')}) == "/key");
  CHECK(pointer_of({.key = std::string("a\0b", 3)}) == "/key");
  CHECK(pointer_of({.key = "a\nb"}) == "/key");
  CHECK(pointer_of({.space = "", .key = "a"}) == "/namespace");
  CHECK(pointer_of({.space = std::string(kStateNamespaceBytesMax + 1, 'n'), .key = "a"}) == "/namespace");
  CHECK(state_op_named("acquire") == StateOp::acquire);
  CHECK_FALSE(state_op_named("get").has_value());
}

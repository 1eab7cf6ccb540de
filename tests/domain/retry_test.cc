#include "server/domain/retry.h"

#include <catch2/catch.hpp>
#include <limits>

namespace carillon {
namespace {

using std::chrono::seconds;

TEST_CASE("each backoff grows as its name says and never beyond its maximum", "[domain][retry]") {
  const auto [backoff, attempt, expected] = GENERATE(table<Backoff, int, int>({{Backoff::fixed, 1, 2},
                                                                               {Backoff::fixed, 9, 2},
                                                                               {Backoff::linear, 1, 2},
                                                                               {Backoff::linear, 3, 6},
                                                                               {Backoff::exponential, 1, 2},
                                                                               {Backoff::exponential, 4, 16},
                                                                               {Backoff::exponential, 40, 300},
                                                                               {Backoff::exponential, 32767, 300}}));
  CAPTURE(static_cast<int>(backoff), attempt);
  CHECK(retry_delay({.max_attempts = 99, .backoff = backoff, .base = seconds{2}}, attempt, 0.5) == seconds{expected});
}

TEST_CASE("jitter takes at most half of the delay away", "[domain][retry]") {
  const RetryPolicy policy{.max_attempts = 5, .backoff = Backoff::exponential_jitter, .base = seconds{4}};
  CHECK(retry_delay(policy, 1, 0.0) == seconds{2});
  CHECK(retry_delay(policy, 1, 1.0) == seconds{4});
}

TEST_CASE("what follows a failed attempt", "[domain][retry]") {
  const RetryPolicy three{.max_attempts = 3};
  const auto decide = [&](FailedAttempt failed) { return decide_retry(three, failed, 0.5).what; };
  // A destructive call that may have arrived and was not answered: nobody may guess.
  CHECK(decide({1, ErrorClass::timeout, Effect::destructive, Arrived::maybe}) == AfterFailure::unknown);
  CHECK(decide({1, ErrorClass::unavailable, Effect::destructive, Arrived::maybe}) == AfterFailure::unknown);
  CHECK(decide({1, ErrorClass::protocol, Effect::destructive, Arrived::maybe}) == AfterFailure::unknown);
  // ... but one that never left us is safe to repeat and one that was answered is known.
  CHECK(decide({1, ErrorClass::unavailable, Effect::destructive, Arrived::no}) == AfterFailure::retry);
  CHECK(decide({1, ErrorClass::tool_error, Effect::destructive, Arrived::maybe}) == AfterFailure::fail);
  CHECK(decide({1, ErrorClass::rate_limited, Effect::destructive, Arrived::maybe}) == AfterFailure::retry);
  CHECK(decide({1, ErrorClass::timeout, Effect::idempotent, Arrived::maybe}) == AfterFailure::retry);
  CHECK(decide({3, ErrorClass::timeout, Effect::idempotent, Arrived::maybe}) == AfterFailure::fail);
  CHECK(decide({1, ErrorClass::invalid_arguments, Effect::read, Arrived::no}) == AfterFailure::fail);
}

TEST_CASE("a policy may say what is repeated and what is not", "[domain][retry]") {
  const RetryPolicy said{.max_attempts = 3, .on = ErrorClassSet{ErrorClass::tool_error, ErrorClass::timeout}};
  const RetryPolicy without{.max_attempts = 3, .not_on = {ErrorClass::timeout}};
  const auto decide = [](const RetryPolicy& policy, ErrorClass error_class, Effect effect = Effect::read) {
    return decide_retry(policy, {1, error_class, effect, Arrived::maybe}, 0.5).what;
  };
  CHECK(decide(said, ErrorClass::tool_error) == AfterFailure::retry);
  CHECK(decide(said, ErrorClass::timeout) == AfterFailure::retry);
  CHECK(decide(said, ErrorClass::unavailable) == AfterFailure::fail);
  CHECK(decide(without, ErrorClass::timeout) == AfterFailure::fail);
  CHECK(decide(without, ErrorClass::unavailable) == AfterFailure::retry);
  CHECK(decide(without, ErrorClass::tool_error) == AfterFailure::fail);
  // An answer may be repeated on request; what nobody knows is not, whatever the policy says.
  CHECK(decide(said, ErrorClass::tool_error, Effect::destructive) == AfterFailure::retry);
  CHECK(decide(said, ErrorClass::timeout, Effect::destructive) == AfterFailure::unknown);
  RetryPolicy reckless = said;
  for (const auto& info : kErrorClasses) reckless.on->add(info.error_class);
  CHECK(decide(reckless, ErrorClass::cancelled) == AfterFailure::fail);
  CHECK(decide(reckless, ErrorClass::unknown_outcome) == AfterFailure::fail);
  CHECK(decide(reckless, ErrorClass::expired) == AfterFailure::fail);
}

TEST_CASE("the server's own wish wins over the policy's delay", "[domain][retry]") {
  const FailedAttempt failed{1, ErrorClass::rate_limited, Effect::read, Arrived::maybe, seconds{42}};
  CHECK(decide_retry({.max_attempts = 2}, failed, 0.5).delay == seconds{42});
}

TEST_CASE("without a policy only what may be repeated is repeated", "[domain][retry]") {
  CHECK(default_retry(Effect::read).max_attempts == 3);
  CHECK(default_retry(Effect::idempotent).max_attempts == 3);
  CHECK(default_retry(Effect::destructive).max_attempts == 1);
}

}  // namespace
}  // namespace carillon

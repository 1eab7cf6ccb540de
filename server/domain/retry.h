// Retry: how often and how soon a failed attempt is repeated (spec pipelines.md §3). Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/clock.h"
#include "server/domain/error_class.h"
#include "server/domain/tool_caller.h"

namespace carillon {

enum class Backoff { exponential_jitter, exponential, linear, fixed };

inline constexpr auto kBackoffNames =
    std::to_array<std::string_view>({"exponential_jitter", "exponential", "linear", "fixed"});

struct RetryPolicy {
  int max_attempts = 1;
  Backoff backoff = Backoff::exponential_jitter;
  Duration base = std::chrono::seconds{1};
  Duration max = std::chrono::seconds{300};
  std::optional<ErrorClassSet> on{};  // what is repeated; default: what is transient
  ErrorClassSet not_on{};             // and what of it is not
};

// Never repeated by a policy, whoever asks for it: somebody ended it, its time is over, or nobody knows its outcome
// (product promise 3).
inline constexpr ErrorClassSet kNeverRepeated{ErrorClass::cancelled, ErrorClass::expired, ErrorClass::unknown_outcome};

constexpr bool is_repeated(const RetryPolicy& policy, ErrorClass error_class) {
  if (kNeverRepeated.has(error_class) || policy.not_on.has(error_class)) return false;
  return policy.on ? policy.on->has(error_class) : describe(error_class).transient;
}

// What applies when the user said nothing: three attempts for what may be repeated, one otherwise.
constexpr RetryPolicy default_retry(Effect effect) {
  return RetryPolicy{.max_attempts = may_be_repeated(effect) ? 3 : 1};
}

// How long to wait after attempt `attempt` (from 1) failed. `jitter` in [0, 1) is the caller's random number; only
// exponential_jitter uses it: delay × (0.5 … 1.0). Never overflows; never above policy.max.
Duration retry_delay(const RetryPolicy& policy, int attempt, double jitter);

struct FailedAttempt {
  int attempt = 1;  // from 1
  ErrorClass error_class = ErrorClass::internal;
  Effect effect = Effect::destructive;
  Arrived arrived = Arrived::maybe;
  std::optional<Duration> retry_after{};
};

enum class AfterFailure { retry, fail, unknown };

struct RetryDecision {
  AfterFailure what = AfterFailure::fail;
  Duration delay{0};  // for retry
};

// The one place that decides what follows a failed attempt (product promise 3): a destructive call that may have
// arrived and whose answer is not known (timeout, unavailable, protocol, cancelled, unknown_outcome) is `unknown`;
// with attempts left, what the policy repeats is repeated (a transient failure, where it does not say); everything else
// fails. retry_after wins over the policy's delay.
RetryDecision decide_retry(const RetryPolicy& policy, const FailedAttempt& failed, double jitter);

}  // namespace carillon

#include "server/domain/retry.h"

#include <algorithm>
#include <cmath>

namespace carillon {
namespace {

// Failures after which nobody knows whether the tool did its work. isError, rate limits and refusals are answers.
constexpr bool leaves_outcome_open(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::timeout:
    case ErrorClass::unavailable:
    case ErrorClass::protocol:
    case ErrorClass::cancelled:
    case ErrorClass::unknown_outcome:
    case ErrorClass::internal:
      return true;
    default:
      return false;
  }
}

}  // namespace

Duration retry_delay(const RetryPolicy& policy, int attempt, double jitter) {
  const double base = static_cast<double>(policy.base.count());
  const double most = static_cast<double>(policy.max.count());
  const int step = std::clamp(attempt, 1, 64);
  double delay = base;
  if (policy.backoff == Backoff::linear) delay = base * step;
  if (policy.backoff == Backoff::exponential || policy.backoff == Backoff::exponential_jitter)
    delay = base * std::exp2(step - 1);
  delay = std::min(delay, most);
  if (policy.backoff == Backoff::exponential_jitter) delay *= 0.5 + 0.5 * jitter;
  return Duration{static_cast<std::int64_t>(delay)};
}

RetryDecision decide_retry(const RetryPolicy& policy, const FailedAttempt& failed, double jitter) {
  const bool harmless = may_be_repeated(failed.effect) || failed.arrived == Arrived::no;
  if (!harmless && leaves_outcome_open(failed.error_class)) return {AfterFailure::unknown, Duration{0}};
  if (!is_repeated(policy, failed.error_class) || failed.attempt >= policy.max_attempts)
    return {AfterFailure::fail, Duration{0}};
  return {AfterFailure::retry, failed.retry_after.value_or(retry_delay(policy, failed.attempt, jitter))};
}

}  // namespace carillon

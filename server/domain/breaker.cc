#include "server/domain/breaker.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/domain/duration_text.h"

namespace carillon {
namespace {

// Refused calls come back one after the other: the first when the server is tried, the others spread over as long
// again.
constexpr int kSpread = 16;

}  // namespace

std::optional<BreakerState> breaker_state_named(std::string_view name) {
  for (std::size_t i = 0; i < kBreakerStateNames.size(); ++i)
    if (kBreakerStateNames[i] == name) return static_cast<BreakerState>(i);
  return std::nullopt;
}

CallVerdict verdict_of(const std::optional<ErrorClass>& failure) {
  if (!failure) return CallVerdict::well;
  switch (*failure) {
    case ErrorClass::timeout:
    case ErrorClass::unavailable:
    case ErrorClass::protocol:
    case ErrorClass::unknown_outcome:
      return CallVerdict::failed;
    case ErrorClass::tool_error:
    case ErrorClass::output_invalid:
      return CallVerdict::well;  // an answer, if no good one
    case ErrorClass::invalid_arguments:
    case ErrorClass::not_found:
    case ErrorClass::needs_sign_in:
    case ErrorClass::not_allowed:
    case ErrorClass::rate_limited:
    case ErrorClass::expect_failed:
    case ErrorClass::expired:
    case ErrorClass::cancelled:
    case ErrorClass::over_budget:
    case ErrorClass::internal:
      return CallVerdict::says_nothing;
  }
  return CallVerdict::says_nothing;
}

std::string say(const BreakerStanding& standing) {
  if (standing.state == BreakerState::closed) return "";
  const std::string failed =
      std::to_string(standing.failures) + " of the last " + std::to_string(standing.requests) + " calls failed; ";
  if (standing.state == BreakerState::half_open) return failed + "a few calls are let through to try the server";
  if (standing.left <= Duration{0}) return failed + "the next call tries the server";
  return failed + "the server is tried again in " + to_text(std::chrono::ceil<std::chrono::seconds>(standing.left));
}

void RollingCounts::add(CallVerdict verdict, Monotonic now) {
  const std::int64_t slice = now.time_since_epoch() / slice_;
  for (int gone = 0; latest_ < slice && gone < kSlices; ++gone) {
    // After a long rest all slices are emptied once, and the numbers in between are skipped.
    latest_ = std::max(latest_ + 1, slice - kSlices + 1);
    Slice& oldest = slices_[static_cast<std::size_t>(latest_ % kSlices)];
    requests_ -= oldest.requests;
    failures_ -= oldest.failures;
    oldest = {};
  }
  Slice& newest = slices_[static_cast<std::size_t>(latest_ % kSlices)];
  ++newest.requests;
  ++requests_;
  if (verdict != CallVerdict::failed) return;
  ++newest.failures;
  ++failures_;
}

void RollingCounts::clear() {
  slices_ = {};
  requests_ = failures_ = 0;
}

BreakerPass Breaker::ask(Monotonic now) {
  if (state_ == BreakerState::closed) return {true, state_, term_, Duration{0}};
  if (is_shut(now)) return refuse(std::chrono::ceil<Duration>(tried_at_ - now));
  if (state_ == BreakerState::open) step(BreakerEvent::cool, now);
  // Soon: what is on trial is most likely answered long before it would be open again.
  if (on_trial_ + went_well_ >= rules_.trials_max) return refuse(rules_.open_for / 4);
  ++on_trial_;
  return {true, state_, term_, Duration{0}};
}

BreakerPass Breaker::refuse(Duration wait) {
  const Duration place = rules_.open_for * (refused_++ % kSpread) / kSpread;
  return {false, state_, term_, wait + place};
}

void Breaker::tell(const BreakerPass& pass, CallVerdict verdict, Monotonic now) {
  CARILLON_CHECK(pass.admitted);
  if (pass.term != term_) return;
  if (state_ == BreakerState::half_open) {
    --on_trial_;
    if (verdict == CallVerdict::failed) return step(BreakerEvent::relapse, now);
    if (verdict == CallVerdict::well && ++went_well_ == rules_.trials_max) step(BreakerEvent::recover, now);
    return;
  }
  if (verdict == CallVerdict::says_nothing) return;
  latest_.add(verdict, now);
  const bool enough = latest_.requests() >= rules_.requests_min;
  if (enough && 100 * std::int64_t{latest_.failures()} >= std::int64_t{rules_.failures_percent} * latest_.requests())
    step(BreakerEvent::trip, now);
}

void Breaker::mend(Monotonic now) {
  if (next_state(state_, BreakerEvent::mend)) return step(BreakerEvent::mend, now);
  enter(state_);
}

void Breaker::take_over(const BreakerStanding& standing, Monotonic now) {
  requests_then_ = standing.requests;
  failures_then_ = standing.failures;
  if (standing.state == BreakerState::open) tried_at_ = now + standing.left;
  if (standing.state != state_) enter(standing.state);
}

BreakerStanding Breaker::standing(Monotonic now) const {
  BreakerStanding standing{.state = state_, .requests = requests_then_, .failures = failures_then_};
  if (is_shut(now)) standing.left = std::chrono::ceil<Duration>(tried_at_ - now);
  return standing;
}

void Breaker::step(BreakerEvent event, Monotonic now) {
  const auto to = next_state(state_, event);
  CARILLON_CHECK(to.has_value());
  last_change_ = BreakerChange{state_, event, *to};
  if (event == BreakerEvent::trip) {
    requests_then_ = latest_.requests();
    failures_then_ = latest_.failures();
  }
  if (*to == BreakerState::open) tried_at_ = now + rules_.open_for;
  enter(*to);
}

// Whatever came before says nothing about the state that begins.
void Breaker::enter(BreakerState state) {
  state_ = state;
  ++term_;
  latest_.clear();
  on_trial_ = went_well_ = 0;
  if (state == BreakerState::open) refused_ = 0;
}

}  // namespace carillon

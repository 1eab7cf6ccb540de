#include "server/store/db_clock.h"

#include <algorithm>
#include <ctime>

namespace carillon {
namespace {

Duration machine_offset() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()).time_since_epoch() -
         BootClock::now().time_since_epoch();
}

}  // namespace

BootTime BootClock::now() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return BootTime{std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_nsec / 1000}};
}

Duration DbClock::offset_at(const State& state, BootTime boot) const {
  if (!state.measured) return machine_offset() + shift_;
  const Duration worked_off = std::max(Duration{0}, (boot - state.slew_from) / kSlewDivisor);
  return state.offset + std::max(Duration{0}, state.excess - worked_off) + shift_;
}

Instant DbClock::at(BootTime boot) const {
  return Instant{boot.time_since_epoch() + state_.with([&](const State& state) { return offset_at(state, boot); })};
}

Instant DbClock::now() const { return at(BootClock::now()); }

BootTime DbClock::boot_time_of(Instant instant) const {
  const BootTime now = BootClock::now();
  return BootTime{instant.time_since_epoch() - state_.with([&](const State& state) { return offset_at(state, now); })};
}

void DbClock::measured(const Measurement& measurement) {
  const Duration half = (measurement.received - measurement.sent) / 2;
  const Duration offset = measurement.database.time_since_epoch() - (measurement.sent.time_since_epoch() + half);
  state_.with([&](State& state) {
    const Duration shown = state.measured ? offset_at(state, measurement.received) - shift_ : offset;
    const Duration ahead = shown - offset;
    state.excess = ahead > Duration{0} && ahead <= kStepBeyond ? ahead : Duration{0};
    state.offset = offset;
    state.slew_from = measurement.received;
    state.uncertainty = half;
    state.measured = true;
  });
}

Duration DbClock::uncertainty() const {
  return state_.with([](const State& state) { return state.uncertainty; });
}

}  // namespace carillon

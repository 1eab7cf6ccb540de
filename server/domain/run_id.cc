#include "server/domain/run_id.h"

#include <algorithm>

namespace carillon {
namespace {
constexpr int kCounterBits = 12;
constexpr int kSlotBits = 10;

std::int64_t milliseconds(Instant instant) {
  return std::chrono::floor<std::chrono::milliseconds>(instant - kRunEpoch).count();
}
}  // namespace

RunId RunIdMaker::next(Instant database_now) {
  const std::int64_t tick = last_tick_.with([&](std::int64_t& last) {
    last = std::max(last + 1, milliseconds(database_now) << kCounterBits);
    return last;
  });
  const std::int64_t millisecond = tick >> kCounterBits;
  const std::int64_t counter = tick & ((1 << kCounterBits) - 1);
  return RunId{millisecond << (kCounterBits + kSlotBits) | std::int64_t{process_slot_} << kCounterBits | counter};
}

Instant made_at(RunId id) { return kRunEpoch + std::chrono::milliseconds{id.number() >> (kCounterBits + kSlotBits)}; }

RunId first_id_at(Instant instant) {
  return RunId{std::max<std::int64_t>(0, milliseconds(instant)) << (kCounterBits + kSlotBits)};
}

}  // namespace carillon

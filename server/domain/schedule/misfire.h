// Misfire: what becomes of slots that passed while nobody could run them (asleep, stopped, database away).
//
// Pure decision: the caller fires what is in `fire`, oldest first, and writes a row for each of `missed`. The reason
// given there is the rule that left the slot out; why nobody was there is the caller's to add. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/schedule/schedule.h"

namespace carillon {

enum class Misfire {
  once,  // the latest missed slot stands for all of them
  skip,  // none; wait for the next
  all,   // each of them, oldest first, up to max_catch_up
  hold,  // as all, but after an outage of more than kLongOutage somebody decides first
};
std::string_view name_of(Misfire misfire);
std::optional<Misfire> misfire_named(std::string_view name);

struct MisfirePolicy {
  Misfire misfire = Misfire::once;
  std::optional<Duration> grace{};  // a slot later than this is not run; none: no limit
  std::int64_t max_catch_up = 100;  // for `all` and `hold`: at most so many, the latest ones
};

// What happened while nobody was there is answered for so long.
inline constexpr Duration kEventGrace = std::chrono::days{7};

// By kind and rhythm: one-offs and daily or rarer run once, hourly to daily once within half a period, faster ones
// skip. What no clock sets off (events, ends of runs) runs each time.
MisfirePolicy default_misfire(const Schedule& schedule, Instant now);

// A slot that is at most this late was not missed: it is simply being fired.
inline constexpr Duration kOnTime = std::chrono::seconds{30};

inline constexpr Duration kLongOutage = std::chrono::hours{1};
// When a held run becomes due by itself: never, in a form that every clock and database can hold.
inline constexpr Instant kHeldUntil{std::chrono::sys_days{std::chrono::year{9999} / 12 / 31}};

struct MissedRange {
  Instant first, last;   // slots, both inclusive
  std::int64_t slots;    // how many of them
  bool counted_in_full;  // false: `slots` is a lower bound; the range was too long to count
  std::string reason;    // "folded into the run of a later slot", "later than grace", ...
};

struct MisfireDecision {
  std::vector<Slot> fire;
  std::vector<Slot> held;  // oldest first
  std::vector<MissedRange> missed;
  std::optional<Slot> next;  // the first slot after `now`
};

// All slots after `last_slot` and not after `now`, decided.
MisfireDecision decide_misfire(const Schedule& schedule, const MisfirePolicy& policy, Instant last_slot, Instant now);

}  // namespace carillon

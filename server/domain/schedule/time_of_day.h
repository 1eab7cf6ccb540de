// Sets of times of the day, as hours x minutes x seconds: what BYHOUR/BYMINUTE/BYSECOND and cron's first fields say.
//
// All questions are answered by counting bits, so a set of 86,400 times costs no more than one of a single time.
// Values; thread-safe as such.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>

namespace carillon {

inline constexpr std::int64_t kDaySeconds = 86'400;

// Rounds down, as days and periods before 1970 want it, where `/` would round towards zero.
constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return a % b < 0 ? quotient - 1 : quotient;
}

struct TimesOfDay {
  std::uint64_t hours = 1, minutes = 1, seconds = 1;  // bit n: n counts

  static constexpr std::uint64_t kAllHours = (std::uint64_t{1} << 24) - 1;
  static constexpr std::uint64_t kAllSixty = (std::uint64_t{1} << 60) - 1;

  std::int64_t count() const {
    return std::int64_t{std::popcount(hours)} * std::popcount(minutes) * std::popcount(seconds);
  }

  // The index-th time (from 0), in seconds of the day.
  std::int64_t at(std::int64_t index) const {
    const std::int64_t in_minute = std::popcount(seconds), in_hour = in_minute * std::popcount(minutes);
    return nth_bit(hours, index / in_hour) * 3600 + nth_bit(minutes, index % in_hour / in_minute) * 60 +
           nth_bit(seconds, index % in_minute);
  }

  // The first time at or after `from`, a second of the day.
  std::optional<std::int64_t> first_from(std::int64_t from) const {
    const std::int64_t hour = from / 3600, minute = from / 60 % 60, second = from % 60;
    if (has(hours, hour)) {
      if (has(minutes, minute))
        if (const auto found = next_bit(seconds, second)) return hour * 3600 + minute * 60 + *found;
      if (const auto found = next_bit(minutes, minute + 1))
        return hour * 3600 + *found * 60 + std::countr_zero(seconds);
    }
    const auto found = next_bit(hours, hour + 1);
    if (!found) return std::nullopt;
    return *found * 3600 + std::countr_zero(minutes) * 60 + std::countr_zero(seconds);
  }

  static bool has(std::uint64_t bits, std::int64_t n) { return (bits >> n & 1U) != 0; }
  // The first set bit from n on.
  static std::optional<std::int64_t> next_bit(std::uint64_t bits, std::int64_t n) {
    bits = n >= 64 ? 0 : bits >> n << n;
    if (bits == 0) return std::nullopt;
    return std::countr_zero(bits);
  }
  static std::int64_t nth_bit(std::uint64_t bits, std::int64_t n) {
    for (; n > 0; --n) bits &= bits - 1;
    return std::countr_zero(bits);
  }
};

}  // namespace carillon

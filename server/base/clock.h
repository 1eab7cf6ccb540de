// Time as a value, and the one place that reads a clock.
//
// Instant has microseconds because that is what timestamptz holds. Domain functions take `Instant now`; only
// SystemClock reads the machine's clock. Tests use FixedClock. Clocks are thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace carillon {

using Duration = std::chrono::microseconds;
using Instant = std::chrono::sys_time<Duration>;
using Monotonic = std::chrono::steady_clock::time_point;

inline Duration since(Monotonic then) {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - then);
}

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
};

class FixedClock final : public Clock {
 public:
  explicit FixedClock(Instant start) : micros_(start.time_since_epoch().count()) {}
  Instant now() const override { return Instant{Duration{micros_.load()}}; }
  void set(Instant now) { micros_ = now.time_since_epoch().count(); }
  void advance(Duration by) { micros_ += by.count(); }

 private:
  std::atomic<std::int64_t> micros_;
};

// "2026-11-20T14:05:00.000000Z"; the fraction is left out when it is zero.
std::string to_rfc3339(Instant instant);
// RFC 3339 §5.6 date-time with any offset; nothing otherwise.
std::optional<Instant> parse_rfc3339(std::string_view text);

}  // namespace carillon

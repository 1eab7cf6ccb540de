#include "server/base/clock.h"

#include <array>
#include <cstdio>

namespace carillon {

Instant SystemClock::now() const { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

std::string to_rfc3339(Instant instant) {
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{instant - day};
  std::array<char, 64> text{};
  int length = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02ld:%02ld:%02ld",
                             static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                             static_cast<unsigned>(date.day()), static_cast<long>(time.hours().count()),
                             static_cast<long>(time.minutes().count()), static_cast<long>(time.seconds().count()));
  std::string out(text.data(), static_cast<std::size_t>(length));
  if (time.subseconds().count() != 0) {
    length = std::snprintf(text.data(), text.size(), ".%06ld", static_cast<long>(time.subseconds().count()));
    out.append(text.data(), static_cast<std::size_t>(length));
  }
  return out + "Z";
}

namespace {

// Reads exactly `digits` decimal digits at `at`, advancing it; -1 when there are fewer.
int number(std::string_view text, std::size_t& at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[at + i];
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  at += digits;
  return value;
}

bool literal(std::string_view text, std::size_t& at, char upper) {
  if (at >= text.size()) return false;
  const char c = text[at];
  if (c != upper && !(upper >= 'A' && c == upper + ('a' - 'A'))) return false;
  ++at;
  return true;
}

std::optional<Duration> fraction(std::string_view text, std::size_t& at) {
  if (at >= text.size() || text[at] != '.') return Duration{0};
  ++at;
  std::int64_t micros = 0, scale = 100'000;
  const std::size_t first = at;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    micros += (text[at] - '0') * scale;
    scale /= 10;
  }
  if (at == first) return std::nullopt;
  return Duration{micros};
}

std::optional<Duration> offset(std::string_view text, std::size_t& at) {
  if (literal(text, at, 'Z')) return Duration{0};
  if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return std::nullopt;
  const int sign = text[at++] == '-' ? -1 : 1;
  const int hours = number(text, at, 2);
  if (hours < 0 || hours > 23 || !literal(text, at, ':')) return std::nullopt;
  const int minutes = number(text, at, 2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  return sign * (std::chrono::hours{hours} + std::chrono::minutes{minutes});
}

}  // namespace

std::optional<Instant> parse_rfc3339(std::string_view text) {
  std::size_t at = 0;
  const int year = number(text, at, 4);
  if (year < 0 || !literal(text, at, '-')) return std::nullopt;
  const int month = number(text, at, 2);
  if (month < 1 || !literal(text, at, '-')) return std::nullopt;
  const int day = number(text, at, 2);
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day < 0 ? 0 : day)}};
  if (!date.ok() || !literal(text, at, 'T')) return std::nullopt;
  const int hour = number(text, at, 2);
  if (hour < 0 || hour > 23 || !literal(text, at, ':')) return std::nullopt;
  const int minute = number(text, at, 2);
  if (minute < 0 || minute > 59 || !literal(text, at, ':')) return std::nullopt;
  const int second = number(text, at, 2);
  if (second < 0 || second > 60) return std::nullopt;
  const auto micros = fraction(text, at);
  if (!micros) return std::nullopt;
  const auto east = offset(text, at);
  if (!east || at != text.size()) return std::nullopt;
  return Instant{std::chrono::sys_days{date}} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::seconds{second} + *micros - *east;
}

}  // namespace carillon

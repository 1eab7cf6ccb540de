// Time in expressions: format_time, parse_time, date and to_unix. A time is RFC 3339 text or Unix seconds.
#include <cmath>

#include "server/base/clock.h"
#include "server/domain/jmespath/function_calls.h"
#include "server/domain/schedule/day_filter.h"
#include "server/domain/schedule/words.h"
#include "server/domain/schedule/zone.h"

namespace carillon::jmespath {
namespace {

constexpr std::int64_t kUnixFirst = -62'167'219'200;  // 0000-01-01
constexpr std::int64_t kUnixLast = 253'402'300'799;   // 9999-12-31T23:59:59Z
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::size_t kPatternBytesMax = 1'000;

std::optional<Instant> instant_of(const json& value) {
  if (value.is_string()) return parse_rfc3339(value.get_ref<const std::string&>());
  const double seconds = value.get<double>();
  if (!(seconds >= static_cast<double>(kUnixFirst) && seconds <= static_cast<double>(kUnixLast))) return std::nullopt;
  return Instant{Duration{std::llround(seconds * 1e6)}};
}

// Null, with the fault said, when argument 1 is no time.
std::optional<Instant> time_argument(Evaluator& evaluator, const Call& call) {
  const auto instant = instant_of(call.value(0));
  if (!instant) {
    evaluator.fail(
        Fault::invalid_value, call.node.position,
        std::string{call.node.function->name} + "() needs a time such as 2026-11-21T15:00:00Z or Unix seconds");
  }
  return instant;
}

// UTC when the argument is left out.
std::optional<Zone> zone_argument(Evaluator& evaluator, const Call& call, std::size_t argument) {
  if (call.arguments.size() <= argument) return Zone::utc();
  const auto zone = find_zone(call.value(argument).get_ref<const std::string&>());
  if (zone) return *zone;
  evaluator.fail(Fault::invalid_value, call.node.position, zone.error().message);
  return std::nullopt;
}

struct Wall {
  CivilDay date;
  unsigned weekday;  // 0 is Monday
  std::int64_t second_of_day;
  std::int64_t offset;
  std::int64_t unix_seconds;
};

Wall wall_of(Instant instant, const Zone& zone) {
  const auto whole = std::chrono::floor<Seconds>(instant);
  const std::int64_t local = zone.to_local(whole).time_since_epoch().count();
  const std::int64_t days = local / kSecondsPerDay - (local % kSecondsPerDay < 0 ? 1 : 0);
  const auto number = static_cast<DayNumber>(days);
  return {civil_day(number), weekday_of(number), local - days * kSecondsPerDay, zone.offset_at(whole).count(),
          whole.time_since_epoch().count()};
}

std::string padded(std::int64_t value, std::size_t width) {
  std::string digits = std::to_string(value);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

std::string offset_text(std::int64_t offset) {
  const std::int64_t minutes = std::abs(offset) / 60;
  return (offset < 0 ? "-" : "+") + padded(minutes / 60, 2) + padded(minutes % 60, 2);
}

std::string date_text(const Wall& wall) {
  return padded(wall.date.year, 4) + "-" + padded(wall.date.month, 2) + "-" + padded(wall.date.day, 2);
}

// What one letter of strftime stands for; nothing for a letter that is not known.
std::optional<std::string> field_text(char letter, const Wall& wall) {
  const std::int64_t hour = wall.second_of_day / 3'600;
  const std::int64_t minute = wall.second_of_day / 60 % 60;
  const std::int64_t second = wall.second_of_day % 60;
  switch (letter) {
    case 'Y':
      return padded(wall.date.year, 4);
    case 'y':
      return padded(wall.date.year % 100, 2);
    case 'm':
      return padded(wall.date.month, 2);
    case 'd':
      return padded(wall.date.day, 2);
    case 'e':
      return std::to_string(wall.date.day);
    case 'H':
      return padded(hour, 2);
    case 'I':
      return padded((hour + 11) % 12 + 1, 2);
    case 'M':
      return padded(minute, 2);
    case 'S':
      return padded(second, 2);
    case 'p':
      return std::string{hour < 12 ? "AM" : "PM"};
    case 'A':
      return std::string{weekday_name(wall.weekday)};
    case 'a':
      return std::string{weekday_name(wall.weekday).substr(0, 3)};
    case 'B':
      return std::string{month_name(wall.date.month)};
    case 'b':
      return std::string{month_name(wall.date.month).substr(0, 3)};
    case 'j':
      return padded(day_number(wall.date) - day_number({wall.date.year, 1, 1}) + 1, 3);
    case 'u':
      return std::to_string(wall.weekday + 1);
    case 'F':
      return date_text(wall);
    case 'T':
      return padded(hour, 2) + ":" + padded(minute, 2) + ":" + padded(second, 2);
    case 'R':
      return padded(hour, 2) + ":" + padded(minute, 2);
    case 's':
      return std::to_string(wall.unix_seconds);
    case 'z':
      return offset_text(wall.offset);
    case '%':
      return std::string{"%"};
    default:
      return std::nullopt;
  }
}

}  // namespace

const json* call_format_time(Evaluator& evaluator, const Call& call) {
  const auto instant = time_argument(evaluator, call);
  const auto zone = instant ? zone_argument(evaluator, call, 2) : std::nullopt;
  if (!zone) return nullptr;
  const Wall wall = wall_of(*instant, *zone);
  const auto& pattern = call.value(1).get_ref<const std::string&>();
  if (pattern.size() > kPatternBytesMax) {
    return evaluator.fail(Fault::invalid_value, call.node.position, "the pattern of format_time() is too long");
  }
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') {
      out += pattern[i];
      continue;
    }
    const auto field = ++i < pattern.size() ? field_text(pattern[i], wall) : std::nullopt;
    if (!field) {
      return evaluator.fail(
          Fault::invalid_value, call.node.position,
          "format_time() knows %Y %y %m %d %e %H %I %M %S %p %A %a %B %b %j %u %F %T %R %s %z and %%");
    }
    out += *field;
  }
  return evaluator.keep(std::move(out));
}

const json* call_parse_time(Evaluator& evaluator, const Call& call) {
  const auto instant = time_argument(evaluator, call);
  return instant ? evaluator.keep(to_rfc3339(*instant)) : nullptr;
}

const json* call_date(Evaluator& evaluator, const Call& call) {
  const auto instant = time_argument(evaluator, call);
  const auto zone = instant ? zone_argument(evaluator, call, 1) : std::nullopt;
  return zone ? evaluator.keep(date_text(wall_of(*instant, *zone))) : nullptr;
}

const json* call_to_unix(Evaluator& evaluator, const Call& call) {
  const auto instant = time_argument(evaluator, call);
  if (!instant) return nullptr;
  return evaluator.keep(std::chrono::floor<Seconds>(*instant).time_since_epoch().count());
}

}  // namespace carillon::jmespath

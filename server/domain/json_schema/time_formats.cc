// Dates, times and durations.
#include <optional>

#include "server/base/ascii.h"
#include "server/domain/json_schema/format_checks.h"

namespace carillon::json_schema {
namespace {

// Takes exactly `count` digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

int days_in(int year, int month) {
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (month == 2) return leap ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

struct ClockTime {
  int hour, minute, second;
};

std::optional<ClockTime> take_clock_time(std::string_view& text) {
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  if (take(text, '.')) {
    if (!take_digits(text, 1)) return std::nullopt;
    while (take_digits(text, 1)) continue;
  }
  return ClockTime{*hour, *minute, *second};
}

// Minutes east of UTC.
std::optional<int> take_offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return 0;
  const int sign = text.starts_with('-') ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!hours || !take(text, ':')) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 60 + *minutes);
}

// One number with its unit out of `units`, which must come in that order; what is left of them comes back.
std::optional<std::string_view> take_amount(std::string_view& text, std::string_view units) {
  if (!take_digits(text, 1)) return std::nullopt;
  while (take_digits(text, 1)) continue;
  if (text.empty()) return std::nullopt;
  const auto unit = units.find(text.front());
  if (unit == std::string_view::npos) return std::nullopt;
  text.remove_prefix(1);
  return units.substr(unit + 1);
}

// `1Y2M3D`: amounts in falling units without a gap between those named.
bool take_amounts(std::string_view& text, const std::string_view units) {
  std::string_view left = units;
  bool any = false;
  while (!text.empty() && text.front() != 'T') {
    const std::string_view before = left;
    const auto rest = take_amount(text, left);
    if (!rest) return false;
    if (any && before.size() - rest->size() != 1) return false;
    left = *rest;
    any = true;
  }
  return any;
}

}  // namespace

bool is_date(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return false;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return false;
  const auto day = take_digits(text, 2);
  return day && text.empty() && *month >= 1 && *month <= 12 && *day >= 1 && *day <= days_in(*year, *month);
}

bool is_time(std::string_view text) {
  const auto time = take_clock_time(text);
  if (!time) return false;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return false;
  if (time->second < 60) return true;
  const int utc = ((time->hour * 60 + time->minute - *offset) % 1440 + 1440) % 1440;
  return utc == 23 * 60 + 59;  // leap seconds end a day of UTC
}

bool is_date_time(std::string_view text) {
  if (text.size() < 11 || (text[10] != 'T' && text[10] != 't')) return false;
  return is_date(text.substr(0, 10)) && is_time(text.substr(11));
}

bool is_duration(std::string_view text) {
  if (!take(text, 'P') || text.empty()) return false;
  if (text.back() == 'W') return take_amounts(text, "W");
  if (text.front() != 'T' && !take_amounts(text, "YMD")) return false;
  if (text.empty()) return true;
  return take(text, 'T') && take_amounts(text, "HMS");
}

}  // namespace carillon::json_schema

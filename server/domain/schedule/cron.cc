#include "server/domain/schedule/cron.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "server/base/ascii.h"
#include "server/domain/schedule/piece.h"
#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/time_of_day.h"

namespace carillon {
namespace {

constexpr std::size_t kCronBytesMax = 1024;
constexpr std::array<std::string_view, 12> kCronMonths{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                       "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kCronDays{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kAliases{{{"@yearly", "0 0 1 1 *"},
                                                                                 {"@annually", "0 0 1 1 *"},
                                                                                 {"@monthly", "0 0 1 * *"},
                                                                                 {"@weekly", "0 0 * * 0"},
                                                                                 {"@daily", "0 0 * * *"},
                                                                                 {"@midnight", "0 0 * * *"},
                                                                                 {"@hourly", "0 * * * *"}}};

enum class Field { second, minute, hour, day, month, weekday };

struct FieldRange {
  std::string_view name;
  int low, high;
};
constexpr std::array<FieldRange, 6> kRanges{{{"second", 0, 59},
                                             {"minute", 0, 59},
                                             {"hour", 0, 23},
                                             {"day of month", 1, 31},
                                             {"month", 1, 12},
                                             {"day of week", 0, 7}}};

// What a field came to: plain values as bits, and the extensions that are not values.
struct Parsed {
  std::uint64_t bits = 0;
  DayFilter extra{};
  bool begins_with_star = false;
  bool everything = false;  // a bare `*` or `?`
};

template <std::size_t N>
std::optional<int> index_in(const std::array<std::string_view, N>& names, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i)
    if (lower_case(names[i]) == lower_case(text)) return static_cast<int>(i);
  return std::nullopt;
}

std::optional<int> value_in(Field field, std::string_view text) {
  if (field == Field::month)
    if (const auto month = index_in(kCronMonths, text)) return *month + 1;
  if (field == Field::weekday)
    if (const auto day = index_in(kCronDays, text)) return *day;
  if (text.empty() || text.size() > 4) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  const auto& range = kRanges.at(static_cast<std::size_t>(field));
  if (value < range.low || value > range.high) return std::nullopt;
  return value;
}

Error bad_item(Field field, Piece item) {
  const auto& range = kRanges.at(static_cast<std::size_t>(field));
  return refuse_at(item.position, "the " + std::string(range.name) + " field takes " + std::to_string(range.low) +
                                      " to " + std::to_string(range.high) +
                                      ", lists (1,2), ranges that do not wrap (1-5) and steps (*/5, 1-9/2); not " +
                                      in_quotes(item.text));
}

unsigned monday_first(int cron_day) { return static_cast<unsigned>(cron_day + 6) % 7; }

// L, LW, nW (day of month); nL, n#k (day of week). False when the item is none of these.
bool parse_extension(Field field, std::string_view text, DayFilter& extra) {
  const std::string item = lower_case(text);
  if (field == Field::day) {
    if (item == "l") {
      extra.month_days_from_end |= 1U << 1U;
    } else if (item == "lw") {
      extra.nearest_weekdays |= 1U;
    } else if (item.size() > 1 && item.back() == 'w') {
      const auto day = value_in(field, std::string_view(item).substr(0, item.size() - 1));
      if (!day) return false;
      extra.nearest_weekdays |= 1U << *day;
    } else {
      return false;
    }
    return true;
  }
  if (field != Field::weekday) return false;
  const auto hash = item.find('#');
  const bool last = item.size() > 1 && item.back() == 'l';
  if (!last && hash == std::string::npos) return false;
  const auto day = value_in(field, std::string_view(item).substr(0, last ? item.size() - 1 : hash));
  const std::string nth = last ? "" : item.substr(hash + 1);
  if (!day || (!last && (nth.size() != 1 || nth[0] < '1' || nth[0] > '5'))) return false;
  extra.ordinals.push_back({last ? -1 : nth[0] - '0', monday_first(*day)});
  return true;
}

Status parse_item(Field field, Piece item, Parsed& out) {
  const auto& range = kRanges.at(static_cast<std::size_t>(field));
  const bool day_field = field == Field::day || field == Field::weekday;
  if (day_field && parse_extension(field, item.text, out.extra)) return Done{};
  if (day_field && item.text == "?") {
    out.everything = true;
    return Done{};
  }
  const auto slash = item.text.find('/');
  const std::string_view span = item.text.substr(0, slash);
  int low = range.low, high = range.high, step = 1;
  const auto dash = span.find('-');
  if (span != "*") {
    const auto from = value_in(field, span.substr(0, dash));
    const auto to = dash == std::string_view::npos ? from : value_in(field, span.substr(dash + 1));
    if (!from || !to || *from > *to) return bad_item(field, item);
    low = *from;
    high = *to;
  }
  if (slash != std::string_view::npos) {
    const std::string_view digits = item.text.substr(slash + 1);
    const bool numeric =
        !digits.empty() && digits.size() <= 2 && digits.find_first_not_of("0123456789") == std::string_view::npos;
    step = numeric ? std::stoi(std::string(digits)) : 0;
    const bool on_range = span == "*" || dash != std::string_view::npos;  // vixie-cron refuses 5/15
    if (step < 1 || step > range.high || !on_range) return bad_item(field, item);
  }
  if (span == "*" && step == 1) out.everything = true;
  if (span == "*" && field == Field::weekday) high = 6;
  for (int value = low; value <= high; value += step) out.bits |= std::uint64_t{1} << value;
  return Done{};
}

Result<Parsed> parse_field(Field field, Piece text) {
  Parsed out;
  out.begins_with_star = text.text.starts_with('*') || text.text.starts_with('?');
  for (const Piece item : split(text, ",")) {
    const auto parsed = parse_item(field, item, out);
    if (!parsed) return parsed.error();
  }
  return out;
}

DayFilter days_of(const Parsed& day, const Parsed& month, const Parsed& weekday) {
  DayFilter filter;
  filter.months = static_cast<std::uint16_t>(month.bits);
  if (!day.everything) {
    filter.month_days = static_cast<std::uint32_t>(day.bits);
    filter.month_days_from_end = day.extra.month_days_from_end;
    filter.nearest_weekdays = day.extra.nearest_weekdays;
  }
  if (!weekday.everything) {
    for (int n = 0; n <= 7; ++n)
      if (TimesOfDay::has(weekday.bits, n)) filter.weekdays |= static_cast<std::uint8_t>(1U << monday_first(n));
    filter.ordinals = weekday.extra.ordinals;
  }
  const bool both = day.begins_with_star || weekday.begins_with_star;
  filter.day_parts = both ? DayFilter::DayParts::both : DayFilter::DayParts::either;
  return filter;
}

}  // namespace

Result<CronExpression> parse_cron(std::string_view text) {
  if (text.size() > kCronBytesMax) return refuse_at(0, "a cron line has at most 1024 characters");
  if (text.find_first_of("\r\n") != std::string_view::npos)
    return refuse_at(text.find_first_of("\r\n"), "give one cron line; several are joined with \" or \"");
  std::vector<Piece> fields;
  for (const Piece field : split({text, 0}, " \t"))
    if (!field.text.empty()) fields.push_back(field);
  CronExpression cron;
  for (const Piece field : fields) cron.text += (cron.text.empty() ? "" : " ") + std::string(field.text);
  if (!fields.empty() && fields[0].text.starts_with('@')) {
    for (const auto& [alias, line] : kAliases) {
      if (fields.size() != 1 || alias != lower_case(fields[0].text)) continue;
      auto parsed = parse_cron(line);
      if (parsed) parsed->text = cron.text;
      return parsed;
    }
    return refuse_at(fields[0].position,
                     "the aliases are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly, alone");
  }
  if (fields.size() != 5 && fields.size() != 6)
    return refuse_at(0,
                     "a cron line has 5 fields (minute, hour, day of month, month, day of week), or 6 with seconds "
                     "first; this has " +
                         std::to_string(fields.size()),
                     {"0 9 * * 1-5"});
  std::array<Parsed, 6> parsed;
  parsed[0].bits = 1;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::size_t field = i + 6 - fields.size();
    auto result = parse_field(static_cast<Field>(field), fields[i]);
    if (!result) return result.error();
    parsed.at(field) = *std::move(result);
  }
  cron.seconds = parsed[0].bits;
  cron.minutes = parsed[1].bits;
  cron.hours = parsed[2].bits;
  cron.days = days_of(parsed[3], parsed[4], parsed[5]);
  cron.follows_clock = parsed[0].begins_with_star || parsed[1].begins_with_star || parsed[2].begins_with_star;
  return cron;
}

}  // namespace carillon

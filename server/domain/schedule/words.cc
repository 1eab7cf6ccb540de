#include "server/domain/schedule/words.h"

#include <array>
#include <cctype>

namespace carillon {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                    "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 10> kOrdinals{"first", "second",  "third",  "fourth", "fifth",
                                                     "sixth", "seventh", "eighth", "ninth",  "tenth"};
struct UnitNames {
  TimeUnit unit;
  std::array<std::string_view, 5> names;
  std::int64_t seconds;
};
constexpr std::array<UnitNames, 7> kUnits{{
    {TimeUnit::second, {"second", "s", "sec", "secs", "seconds"}, 1},
    {TimeUnit::minute, {"minute", "m", "min", "mins", "minutes"}, 60},
    {TimeUnit::hour, {"hour", "h", "hr", "hrs", "hours"}, 3600},
    {TimeUnit::day, {"day", "d", "days", "day", "days"}, 86400},
    {TimeUnit::week, {"week", "w", "weeks", "wk", "wks"}, 604800},
    {TimeUnit::month, {"month", "mo", "months", "month", "months"}, 0},
    {TimeUnit::year, {"year", "y", "years", "yr", "yrs"}, 0},
}};

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// At least three letters of the name; "tues" and "sept" are among them.
template <std::size_t N>
std::optional<unsigned> by_prefix(const std::array<std::string_view, N>& names, std::string_view word) {
  if (word.size() < 3) return std::nullopt;
  for (std::size_t i = 0; i < N; ++i)
    if (lower_case(names[i]).starts_with(word)) return static_cast<unsigned>(i);
  return std::nullopt;
}

}  // namespace

std::string_view weekday_name(unsigned weekday) { return kWeekdays.at(weekday); }
std::string_view month_name(unsigned month) { return kMonths.at(month - 1); }

std::optional<unsigned> weekday_from(std::string_view word) {
  std::string name = lower_case(word);
  if (const auto found = by_prefix(kWeekdays, name)) return found;
  if (!name.ends_with('s')) return std::nullopt;
  name.pop_back();
  return by_prefix(kWeekdays, name);
}

std::optional<unsigned> month_from(std::string_view word) {
  const auto found = by_prefix(kMonths, lower_case(word));
  if (!found) return std::nullopt;
  return *found + 1;
}

std::optional<int> ordinal_from(std::string_view word) {
  const std::string name = lower_case(word);
  if (name == "last") return -1;
  for (std::size_t i = 0; i < kOrdinals.size(); ++i)
    if (kOrdinals.at(i) == name) return static_cast<int>(i) + 1;
  if (name.size() < 3 || name.size() > 4) return std::nullopt;
  int value = 0;
  for (const char c : std::string_view(name).substr(0, name.size() - 2)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value < 1 || value > 53 || date_ordinal(value) != name) return std::nullopt;
  return value;
}

std::string ordinal_name(int nth) {
  if (nth == -1) return "last";
  if (nth < 0) return ordinal_name(-nth) + " to last";
  return nth <= static_cast<int>(kOrdinals.size()) ? std::string(kOrdinals.at(static_cast<std::size_t>(nth - 1)))
                                                   : date_ordinal(nth);
}

std::string date_ordinal(int nth) {
  if (nth == -1) return "last day";
  if (nth < 0) return ordinal_name(nth) + " day";
  const bool teen = nth % 100 / 10 == 1;
  const char* ending = teen ? "th" : nth % 10 == 1 ? "st" : nth % 10 == 2 ? "nd" : nth % 10 == 3 ? "rd" : "th";
  return std::to_string(nth) + ending;
}

std::optional<TimeUnit> unit_from(std::string_view word) {
  const std::string name = lower_case(word);
  for (const auto& unit : kUnits)
    for (const auto known : unit.names)
      if (known == name) return unit.unit;
  return std::nullopt;
}

std::string_view unit_name(TimeUnit unit) { return kUnits.at(static_cast<std::size_t>(unit)).names[0]; }
std::int64_t seconds_in(TimeUnit unit) { return kUnits.at(static_cast<std::size_t>(unit)).seconds; }

}  // namespace carillon

#include "server/domain/schedule/words.h"

#include <algorithm>
#include <array>
#include <span>

#include "server/base/ascii.h"
#include "server/domain/schedule/calendar_names.h"

namespace carillon {
namespace {

constexpr std::array<std::string_view, 7> kWeekdayNames{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                        "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 12> kMonthNames{"January",   "February", "March",    "April",
                                                       "May",       "June",     "July",     "August",
                                                       "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 10> kOrdinals{"first", "second",  "third",  "fourth", "fifth",
                                                     "sixth", "seventh", "eighth", "ninth",  "tenth"};
struct UnitNames {
  TimeUnit unit;
  std::array<std::string_view, 5> names;
  std::int64_t seconds;
};
constexpr std::array<UnitNames, 7> kUnitNames{{
    {TimeUnit::second, {"second", "s", "sec", "secs", "seconds"}, 1},
    {TimeUnit::minute, {"minute", "m", "min", "mins", "minutes"}, 60},
    {TimeUnit::hour, {"hour", "h", "hr", "hrs", "hours"}, 3600},
    {TimeUnit::day, {"day", "d", "days", "day", "days"}, 86400},
    {TimeUnit::week, {"week", "w", "weeks", "wk", "wks"}, 604800},
    {TimeUnit::month, {"month", "mo", "months", "month", "months"}, 0},
    {TimeUnit::year, {"year", "y", "years", "yr", "yrs"}, 0},
}};

// What a word can mean: a weekday (0 to 6) or a month (7 to 18).
using Meanings = std::vector<unsigned>;
constexpr unsigned kMonthsBegin = 7;

void add(Meanings& meanings, unsigned meaning) {
  if (std::find(meanings.begin(), meanings.end(), meaning) == meanings.end()) meanings.push_back(meaning);
}

// `names` is one entry of the table: a name, then its alternatives behind bars.
bool begins(std::string_view names, std::string_view word) {
  return names.substr(0, names.find('|')).starts_with(word);
}

bool is_one_of(std::string_view names, std::string_view word) {
  for (;;) {
    const auto bar = names.find('|');
    if (names.substr(0, bar) == word) return true;
    if (bar == std::string_view::npos) return false;
    names.remove_prefix(bar + 1);
  }
}

template <class Fits>
Meanings meanings_in(std::span<const CalendarNames> rows, std::string_view word, Fits fits) {
  Meanings found;
  for (const auto& row : rows) {
    for (unsigned i = 0; i < row.weekdays.size(); ++i)
      if (fits(row.weekdays.at(i), word)) add(found, i);
    for (unsigned i = 0; i < row.months.size(); ++i)
      if (fits(row.months.at(i), word)) add(found, kMonthsBegin + i);
  }
  return found;
}

Meanings all_meanings(std::string_view folded_word) {
  if (folded_word.size() < 3) return {};
  Meanings found = meanings_in(kCalendarNames, folded_word, is_one_of);
  return found.empty() ? meanings_in(kCalendarNames, folded_word, begins) : found;
}

// The one meaning in [low, high): English first, then what no other name could be meant by.
std::optional<unsigned> meaning_in(std::string_view folded_word, unsigned low, unsigned high) {
  const auto inside = [&](unsigned meaning) { return meaning >= low && meaning < high; };
  const Meanings all = all_meanings(folded_word);
  if (all.size() == 1) return inside(all.front()) ? std::optional{all.front() - low} : std::nullopt;
  if (all.empty()) return std::nullopt;
  Meanings english = meanings_in(std::span{kCalendarNames}.first(1), folded_word, begins);
  std::erase_if(english, [&](unsigned meaning) { return !inside(meaning); });
  return english.size() == 1 ? std::optional{english.front() - low} : std::nullopt;
}

}  // namespace

std::string_view weekday_name(unsigned weekday) { return kWeekdayNames.at(weekday); }
std::string_view month_name(unsigned month) { return kMonthNames.at(month - 1); }

std::string folded(std::string_view text) {
  std::string out = lower_case(text);
  // The two-byte letters of Latin-1 begin with 0xC3; their second byte says which letter, capital or not.
  static constexpr std::string_view kPlain = "aaaaaaaceeeeiiiidnooooo*ouuuuyts";
  for (auto at = out.find('\xC3'); at != std::string::npos && at + 1 < out.size(); at = out.find('\xC3', at + 1)) {
    const auto letter = static_cast<unsigned char>(out[at + 1]) & 0x1FU;
    out.replace(at, 2, 1, kPlain[letter]);
  }
  return out;
}

std::optional<unsigned> weekday_from(std::string_view word) {
  std::string name = folded(word);
  if (const auto found = meaning_in(name, 0, kMonthsBegin)) return found;
  if (!name.ends_with('s') || !all_meanings(name).empty()) return std::nullopt;
  name.pop_back();
  return meaning_in(name, 0, kMonthsBegin);
}

bool is_plural_weekday(std::string_view word) {
  return weekday_from(word).has_value() && all_meanings(folded(word)).empty();
}

std::optional<unsigned> month_from(std::string_view word) {
  const auto found = meaning_in(folded(word), kMonthsBegin, kMonthsBegin + 12);
  if (!found) return std::nullopt;
  return *found + 1;
}

std::vector<std::string_view> meanings_of(std::string_view word) {
  std::vector<std::string_view> names;
  for (const unsigned meaning : all_meanings(folded(word)))
    names.push_back(meaning < kMonthsBegin ? kWeekdayNames.at(meaning) : kMonthNames.at(meaning - kMonthsBegin));
  return names;
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
  for (const auto& unit : kUnitNames)
    for (const auto known : unit.names)
      if (known == name) return unit.unit;
  return std::nullopt;
}

std::string_view unit_name(TimeUnit unit) { return kUnitNames.at(static_cast<std::size_t>(unit)).names[0]; }
std::int64_t seconds_in(TimeUnit unit) { return kUnitNames.at(static_cast<std::size_t>(unit)).seconds; }

}  // namespace carillon

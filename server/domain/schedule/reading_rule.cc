// Recurrence rules in plain language: in the words of the `when` language where it has them, else in words for people
// with the rule itself behind them in parentheses.
#include <algorithm>
#include <bit>

#include "server/domain/schedule/local_rule.h"
#include "server/domain/schedule/reading_words.h"
#include "server/domain/schedule/slot_source.h"

namespace carillon {
namespace {

constexpr LocalSeconds kFirstDay{std::chrono::local_days{std::chrono::January / 1 / 1000}};  // years have four digits

// ---- the words of the language

// The times of day of a rule, those left out taken from its start; nothing when they are too many to list.
std::optional<std::string> rule_times(const RecurrenceRule& rule, LocalSeconds start) {
  const auto day = std::chrono::floor<std::chrono::days>(start.time_since_epoch());
  const auto time = (start.time_since_epoch() - day).count();
  const auto bits = [](const std::vector<int>& said, std::int64_t otherwise) {
    return said.empty() ? std::uint64_t{1} << otherwise : bits_of(said);
  };
  return times_text(bits(rule.by_hour, time / 3600), bits(rule.by_minute, time / 60 % 60),
                    bits(rule.by_second, time % 60));
}

struct DayParts {
  bool plain_weekdays = true, one_weekday_with_ordinals = true;
  std::uint8_t weekdays = 0;
};

DayParts day_parts(const RecurrenceRule& rule) {
  DayParts parts;
  for (const auto& item : rule.by_day) {
    if (item.ordinal != 0) parts.plain_weekdays = false;
    if (item.ordinal == 0 || item.weekday != rule.by_day.front().weekday) parts.one_weekday_with_ordinals = false;
    parts.weekdays |= static_cast<std::uint8_t>(1U << item.weekday);
  }
  return parts;
}

// "1st and 15th", "last Friday", "last weekday": the days of a month, as far as English has words for them.
std::optional<std::string> days_of_month(const RecurrenceRule& rule, const CivilDay& start) {
  std::vector<std::string> words;
  const DayParts parts = day_parts(rule);
  if (rule.by_day.empty()) {
    if (!rule.by_set_position.empty()) return std::nullopt;
    std::vector<int> days = rule.by_month_day;
    if (days.empty()) days.push_back(static_cast<int>(start.day));
    std::stable_partition(days.begin(), days.end(), [](int day) { return day > 0; });
    for (const int day : days) words.push_back(date_ordinal(day));
    return joined(words);
  }
  if (!rule.by_month_day.empty()) return std::nullopt;
  if (parts.plain_weekdays && parts.weekdays == 0x1F && !rule.by_set_position.empty()) {
    for (const int nth : rule.by_set_position) words.push_back(ordinal_name(nth));
    return joined(words) + " weekday";
  }
  if (!parts.one_weekday_with_ordinals || !rule.by_set_position.empty()) return std::nullopt;
  for (const auto& item : rule.by_day) {
    if (item.ordinal > 5 || item.ordinal < -5) return std::nullopt;
    words.push_back(ordinal_name(item.ordinal));
  }
  return joined(words) + " " + std::string(weekday_name(rule.by_day.front().weekday));
}

std::optional<std::string> weekly_days(const RecurrenceRule& rule, DayNumber start) {
  DayParts parts = day_parts(rule);
  if (rule.by_day.empty()) parts.weekdays = static_cast<std::uint8_t>(1U << weekday_of(start));
  if (!rule.by_month.empty() || !rule.by_set_position.empty()) return std::nullopt;
  const bool one_day = std::popcount(parts.weekdays) == 1;
  const std::string names = weekdays_text(parts.weekdays);
  if (rule.interval == 1) return parts.weekdays == 0x1F || parts.weekdays == 0x60 ? names : "every " + names;
  if (!one_day && rule.week_start != 0) return std::nullopt;  // which days share a week depends on WKST
  if (one_day && rule.interval <= 4) return "every " + ordinal_name(static_cast<int>(rule.interval)) + " " + names;
  return "every " + counted(rule.interval, TimeUnit::week) + " on " + names;
}

std::optional<std::string> yearly_days(const RecurrenceRule& rule, const CivilDay& start) {
  if (!rule.by_week_number.empty() || !rule.by_year_day.empty()) return std::nullopt;
  std::vector<std::string> months;
  for (const int month : rule.by_month) months.emplace_back(month_name(static_cast<unsigned>(month)));
  if (months.empty()) {
    if (!rule.by_day.empty() || !rule.by_month_day.empty()) return std::nullopt;
    months.emplace_back(month_name(start.month));
  }
  const auto days = days_of_month(rule, start);
  if (!days) return std::nullopt;
  if (rule.interval == 1) {
    // A position counts in the whole year, not in each of its months.
    if (!rule.by_set_position.empty() && months.size() > 1) return std::nullopt;
    return *days + " of " + joined(months);
  }
  const bool one_date = months.size() == 1 && rule.by_day.empty() && rule.by_month_day.size() <= 1 &&
                        (rule.by_month_day.empty() || rule.by_month_day.front() > 0);
  if (!one_date) return std::nullopt;
  const int day = rule.by_month_day.empty() ? static_cast<int>(start.day) : rule.by_month_day.front();
  return "every " + counted(rule.interval, TimeUnit::year) + " on " + std::to_string(day) + " " + months.front();
}

std::optional<std::string> monthly_days(const RecurrenceRule& rule, const CivilDay& start) {
  const auto days = days_of_month(rule, start);
  if (!days || !rule.by_month.empty()) return std::nullopt;
  if (rule.interval == 1) return *days + " of every month";
  return "every " + counted(rule.interval, TimeUnit::month) + " on the " + *days;
}

std::optional<std::string> days_text(const RecurrenceRule& rule, LocalSeconds start) {
  const auto day = static_cast<DayNumber>(std::chrono::floor<std::chrono::days>(start.time_since_epoch()).count());
  switch (rule.frequency) {
    case Frequency::yearly:
      return yearly_days(rule, civil_day(day));
    case Frequency::monthly:
      return monthly_days(rule, civil_day(day));
    case Frequency::weekly:
      return weekly_days(rule, day);
    case Frequency::daily:
      if (!rule.by_day.empty() || !rule.by_month.empty() || !rule.by_month_day.empty() || !rule.by_set_position.empty())
        return std::nullopt;
      return rule.interval == 1 ? "every day" : "every " + counted(rule.interval, TimeUnit::day);
    default:
      return std::nullopt;
  }
}

// The largest rhythm that the language takes, in the rule's unit.
bool can_be_said(const RecurrenceRule& rule) {
  constexpr std::array<std::int64_t, 4> kMost{100, 1200, 5214, 36500};
  if (rule.below_a_day()) return false;
  return rule.interval <= kMost.at(static_cast<std::size_t>(rule.frequency)) && rule.count.value_or(1) <= kNumberMax;
}

// ", until 24 December 2026 at 18:00"; nothing when the end is an instant whose wall-clock time comes twice.
std::optional<std::string> until_text(const RuleEnd& until, const Zone& zone) {
  LocalSeconds end{until.since_epoch};
  if (until.form == RuleEnd::Form::utc) {
    end = zone.to_local(UtcSeconds{until.since_epoch});
    if (zone.read(end).kind != LocalReading::Kind::unique) return std::nullopt;
  }
  if (end < kFirstDay) return std::nullopt;
  return ", until " + long_date(end) + (wall_time(end) == "23:59:59" ? "" : " at " + wall_time(end));
}

// ---- words for people

std::string positions_text(const std::vector<int>& positions) {
  std::vector<int> forward;
  std::vector<std::string> from_end;
  for (const int nth : positions) (nth >= 0 ? forward.push_back(nth) : from_end.push_back("the " + ordinal_name(nth)));
  auto words = number_words(forward);
  words.insert(words.end(), from_end.begin(), from_end.end());
  return joined(words);
}

std::string numbered(const char* before, const std::vector<int>& numbers, const char* after = "") {
  if (numbers.empty()) return {};
  return std::string(", ") + before + (numbers.size() > 1 ? "s " : " ") + positions_text(numbers) + after;
}

std::string weekdays_part(const RecurrenceRule& rule) {
  std::vector<std::string> words;
  for (const auto& item : rule.by_day) {
    const std::string name(weekday_name(item.weekday));
    words.push_back(item.ordinal == 0 ? name : "the " + ordinal_name(item.ordinal) + " " + name);
  }
  if (words.empty()) return {};
  const bool numbers =
      std::any_of(rule.by_day.begin(), rule.by_day.end(), [](const auto& item) { return item.ordinal != 0; });
  const bool of_year = rule.frequency == Frequency::yearly && rule.by_month.empty();
  return ", on " + joined(words) + (numbers ? of_year ? " of the year" : " of the month" : "");
}

std::string dates_part(const RecurrenceRule& rule) {
  std::string out;
  std::vector<std::string> months, days, positions;
  for (const int month : rule.by_month) months.emplace_back(month_name(static_cast<unsigned>(month)));
  for (const int day : rule.by_month_day) days.push_back("the " + date_ordinal(day));
  if (!months.empty()) out += ", in " + joined(months);
  out += numbered("in week", rule.by_week_number) + numbered("on day", rule.by_year_day, " of the year");
  if (!days.empty()) out += ", on " + joined(days);
  return out + weekdays_part(rule);
}

std::string times_part(const RuleTrigger& trigger) {
  const RecurrenceRule& rule = trigger.rule;
  const auto times = rule.below_a_day() ? std::nullopt : rule_times(rule, trigger.start);
  if (times) return ", at " + *times;
  return numbered("in hour", rule.by_hour) + numbered("at minute", rule.by_minute) +
         numbered("at second", rule.by_second);
}

std::string extra_dates(const char* words, std::size_t count) {
  if (count == 0) return {};
  return std::string(", ") + words + " " + std::to_string(count) + (count == 1 ? " date" : " dates");
}

std::string times_said(std::int64_t count) { return ", " + std::to_string(count) + (count == 1 ? " time" : " times"); }

std::string explained(const RuleTrigger& trigger, const Zone& zone) {
  static constexpr std::array<TimeUnit, 7> kUnits{TimeUnit::year, TimeUnit::month,  TimeUnit::week,  TimeUnit::day,
                                                  TimeUnit::hour, TimeUnit::minute, TimeUnit::second};
  const RecurrenceRule& rule = trigger.rule;
  std::string out = "every " + counted(rule.interval, kUnits.at(static_cast<std::size_t>(rule.frequency)));
  out += dates_part(rule) + times_part(trigger);
  if (!rule.by_set_position.empty()) out += ", of these only " + positions_text(rule.by_set_position);
  out += ", starting " + long_date(trigger.start) + " at " + wall_time(trigger.start);
  if (rule.until)
    out += ", until " + long_date(zone.to_local(instant_of(zone, IcalTime{rule.until->since_epoch, rule.until->form})));
  if (rule.count) out += times_said(*rule.count);
  return out + extra_dates("without", trigger.exdates.size()) + extra_dates("and on", trigger.rdates.size());
}

std::string ical_dates(const char* name, const std::vector<IcalTime>& dates) {
  std::string out;
  for (const auto& date : dates) out += (out.empty() ? std::string(" ") + name + ":" : ",") + to_ical(date);
  return out;
}

}  // namespace

std::string rule_in_full(const RuleTrigger& rule, const Zone& zone, const std::string& own_zone) {
  const std::string zone_parameter = own_zone.empty() ? "" : ";TZID=" + own_zone;
  return explained(rule, zone) + " (rrule DTSTART" + zone_parameter + ":" +
         to_ical({rule.start.time_since_epoch(), RuleEnd::Form::local}) + " " + to_text(rule.rule) +
         ical_dates("EXDATE", rule.exdates) + ical_dates("RDATE", rule.rdates) + ")";
}

std::optional<std::string> rule_in_words(const RuleTrigger& trigger, const Zone& zone) {
  const RecurrenceRule& rule = trigger.rule;
  if (!can_be_said(rule) || !trigger.exdates.empty() || !trigger.rdates.empty()) return std::nullopt;
  const auto days = days_text(rule, trigger.start);
  const auto times = rule_times(rule, trigger.start);
  if (!days || !times) return std::nullopt;
  std::string out = *days + " at " + *times;
  if (trigger.anchored) {
    // The first occurrence, which need not be DTSTART.
    const auto first = LocalRule{rule, trigger.start.time_since_epoch().count()}.first_from(
        trigger.start.time_since_epoch().count(), kLastSecond);
    if (!first || LocalSeconds{Seconds{*first}} < kFirstDay) return std::nullopt;
    const LocalSeconds local{Seconds{*first}};
    const bool first_of_day = times->find(" and ") == std::string::npos;  // one time a day: the date says enough
    out += ", starting " + long_date(local) + (first_of_day ? "" : " at " + wall_time(local));
  }
  if (rule.until) {
    const auto until = until_text(*rule.until, zone);
    if (!until) return std::nullopt;
    out += *until;
  }
  if (rule.count) out += times_said(*rule.count);
  return out;
}

}  // namespace carillon

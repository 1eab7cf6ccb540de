// reads(): a schedule back in plain language, in words that parse_when understands again. What English cannot say ends
// with the rule or cron line itself in parentheses, and that is what is read back.
#include <algorithm>
#include <bit>

#include "server/domain/schedule/local_rule.h"
#include "server/domain/schedule/schedule.h"
#include "server/domain/schedule/slot_source.h"
#include "server/domain/schedule/time_of_day.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

constexpr std::size_t kTimesMax = 6;

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i)
    out += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return out;
}

std::string long_date(LocalSeconds local) {
  const CivilDay date =
      civil_day(static_cast<DayNumber>(std::chrono::floor<std::chrono::days>(local.time_since_epoch()).count()));
  return std::to_string(date.day) + " " + std::string(month_name(date.month)) + " " + std::to_string(date.year);
}

Zone zone_of(const Trigger& trigger) {
  const auto zone = Zone::named(trigger.zone);
  return zone ? *zone : Zone::utc();
}

std::string moment(const Zone& zone, Instant instant) {
  const LocalSeconds local = zone.to_local(std::chrono::floor<Seconds>(instant));
  return long_date(local) + " at " + wall_time(local);
}

std::string counted(std::int64_t amount, TimeUnit unit) {
  if (amount == 1) return std::string(unit_name(unit));
  return std::to_string(amount) + " " + std::string(unit_name(unit)) + "s";
}

std::string weekdays_text(std::uint8_t days) {
  if (days == 0x1F) return "weekdays";
  if (days == 0x60) return "weekends";
  std::vector<std::string> names;
  for (unsigned day = 0; day < 7; ++day)
    if ((days >> day & 1U) != 0) names.emplace_back(weekday_name(day));
  return joined(names);
}

std::string every_text(Seconds every) {
  for (const auto unit : {TimeUnit::hour, TimeUnit::minute})
    if (every.count() % seconds_in(unit) == 0) return "every " + counted(every.count() / seconds_in(unit), unit);
  return "every " + counted(every.count(), TimeUnit::second);
}

std::string read_interval(const IntervalTrigger& interval, const Trigger& trigger) {
  const Zone zone = zone_of(trigger);
  std::string out = every_text(std::chrono::floor<Seconds>(interval.every));
  if (interval.window) {
    const auto& window = *interval.window;
    const bool whole_day = window.from.count() == 0 && window.to.count() == kDaySeconds;
    const std::string to = window.to.count() == kDaySeconds ? "24:00" : wall_time(LocalSeconds{window.to});
    if (!whole_day) out += " between " + wall_time(LocalSeconds{window.from}) + " and " + to;
    if (window.weekdays != 0x7F) out += " on " + weekdays_text(window.weekdays);
    if (whole_day && window.weekdays == 0x7F) out += " between 00:00 and 24:00";
  }
  if (interval.anchored) out += ", starting " + moment(zone, interval.first);
  return out;
}

std::string read_once(const OnceTrigger& once, const Trigger& trigger) {
  const Zone zone = zone_of(trigger);
  const UtcSeconds at = std::chrono::floor<Seconds>(once.at);
  const LocalSeconds local = zone.to_local(at);
  const LocalReading reading = zone.read(local);
  // The second of two readings needs its offset to be the same instant again.
  if (reading.first != at) return "once at " + to_rfc3339_in(once.at, trigger.zone);
  const auto day = static_cast<DayNumber>(std::chrono::floor<std::chrono::days>(local.time_since_epoch()).count());
  return "once on " + std::string(weekday_name(weekday_of(day)).substr(0, 3)) + " " + wall_date(local) + " at " +
         wall_time(local);
}

// The times of day of a rule, those left out taken from its start; nothing when they are too many to list.
std::optional<std::string> times_text(const RecurrenceRule& rule, LocalSeconds start) {
  const auto day = std::chrono::floor<std::chrono::days>(start.time_since_epoch());
  const auto time = (start.time_since_epoch() - day).count();
  TimesOfDay times;
  times.hours = rule.by_hour.empty() ? std::uint64_t{1} << (time / 3600) : bits_of(rule.by_hour);
  times.minutes = rule.by_minute.empty() ? std::uint64_t{1} << (time / 60 % 60) : bits_of(rule.by_minute);
  times.seconds = rule.by_second.empty() ? std::uint64_t{1} << (time % 60) : bits_of(rule.by_second);
  if (times.count() > static_cast<std::int64_t>(kTimesMax)) return std::nullopt;
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < times.count(); ++i) texts.push_back(wall_time(LocalSeconds{Seconds{times.at(i)}}));
  return " at " + joined(texts);
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

std::string dates_text(const char* name, const std::vector<LocalSeconds>& dates) {
  if (dates.empty()) return {};
  std::string out = std::string(" ") + name + ":";
  for (std::size_t i = 0; i < dates.size(); ++i)
    out += (i > 0 ? "," : "") + to_ical({dates[i].time_since_epoch(), RuleEnd::Form::local});
  return out;
}

// The rule itself, for what English cannot say.
std::string rule_in_full(const RuleTrigger& trigger) {
  static constexpr std::array<TimeUnit, 7> kUnits{TimeUnit::year, TimeUnit::month,  TimeUnit::week,  TimeUnit::day,
                                                  TimeUnit::hour, TimeUnit::minute, TimeUnit::second};
  const auto unit = kUnits.at(static_cast<std::size_t>(trigger.rule.frequency));
  return "every " + counted(trigger.rule.interval, unit) +
         " by rule (rrule DTSTART:" + to_ical({trigger.start.time_since_epoch(), RuleEnd::Form::local}) + " " +
         to_text(trigger.rule) + dates_text("EXDATE", trigger.exdates) + dates_text("RDATE", trigger.rdates) + ")";
}

std::string read_rule(const RuleTrigger& trigger, const Trigger& whole) {
  const RecurrenceRule& rule = trigger.rule;
  const auto days = days_text(rule, trigger.start);
  const auto times = times_text(rule, trigger.start);
  // English gives each minute a rule of its own, which cannot share a COUNT.
  const bool shared_count = rule.count && (rule.by_minute.size() > 1 || rule.by_second.size() > 1);
  const bool plain = trigger.exdates.empty() && trigger.rdates.empty() && !shared_count;
  if (!days || !times || !plain) return rule_in_full(trigger);
  std::string out = *days + *times;
  if (trigger.anchored) {
    // The first occurrence, which need not be DTSTART.
    const auto first = LocalRule{rule, trigger.start.time_since_epoch().count()}.first_from(
        trigger.start.time_since_epoch().count(), kLastSecond);
    if (!first) return rule_in_full(trigger);
    const LocalSeconds local{Seconds{*first}};
    const bool first_of_day = times->find(" and ") == std::string::npos;  // one time a day: the date says enough
    out += ", starting " + long_date(local) + (first_of_day ? "" : " at " + wall_time(local));
  }
  if (rule.until) {
    const bool utc = rule.until->form == RuleEnd::Form::utc;
    const LocalSeconds end =
        utc ? zone_of(whole).to_local(UtcSeconds{rule.until->since_epoch}) : LocalSeconds{rule.until->since_epoch};
    const bool whole_day = wall_time(end) == "23:59:59";
    out += ", until " + long_date(end) + (whole_day ? "" : " at " + wall_time(end));
  }
  if (rule.count) out += ", " + std::to_string(*rule.count) + (*rule.count == 1 ? " time" : " times");
  return out;
}

// The common shapes of a cron line in words, for people; the line itself follows and is what counts.
std::string read_cron(const CronExpression& cron, const Trigger& trigger, const Schedule& schedule) {
  const TimesOfDay times{.hours = cron.hours, .minutes = cron.minutes, .seconds = cron.seconds};
  const DayFilter& days = cron.days;
  std::string when;
  if (times.count() <= static_cast<std::int64_t>(kTimesMax)) {
    std::vector<std::string> texts;
    for (std::int64_t i = 0; i < times.count(); ++i) texts.push_back(wall_time(LocalSeconds{Seconds{times.at(i)}}));
    when = " at " + joined(texts);
  }
  const bool every_month = days.months == DayFilter{}.months;
  const bool dates = (days.month_days | days.month_days_from_end | days.nearest_weekdays) != 0;
  const bool weekdays = days.weekdays != 0 || !days.ordinals.empty();
  std::string which;
  if (every_month && !dates && !weekdays) which = "every day";
  if (every_month && !dates && days.weekdays != 0 && days.ordinals.empty()) which = weekdays_text(days.weekdays);
  const bool all_hours = cron.hours == TimesOfDay::kAllHours;
  if (all_hours && cron.seconds == 1 && which == "every day") {
    if (cron.minutes == TimesOfDay::kAllSixty) when = which = "every minute";
    if (std::popcount(cron.minutes) == 1 && cron.minutes == 1) when = which = "every hour";
    if (when == which) which.clear();
  }
  const std::string zone = trigger.zone == schedule.zone ? "" : "CRON_TZ=" + trigger.zone + " ";
  const std::string words = when.empty() || (which.empty() && when.starts_with(" ")) ? "by cron" : which + when;
  return words + " (cron " + zone + cron.text + ")";
}

std::string read_trigger(const Trigger& trigger, const Schedule& schedule) {
  if (const auto* cron = std::get_if<CronTrigger>(&trigger.body)) return read_cron(cron->expression, trigger, schedule);
  if (std::holds_alternative<ManualTrigger>(trigger.body)) return "manual";
  std::string out;
  if (const auto* once = std::get_if<OnceTrigger>(&trigger.body)) out = read_once(*once, trigger);
  if (const auto* interval = std::get_if<IntervalTrigger>(&trigger.body)) out = read_interval(*interval, trigger);
  if (const auto* rule = std::get_if<RuleTrigger>(&trigger.body)) out = read_rule(*rule, trigger);
  if (trigger.until) out += ", until " + moment(zone_of(trigger), *trigger.until);
  if (trigger.zone == schedule.zone) return out;
  const auto inside = out.find("(rrule DTSTART:");
  if (inside == std::string::npos) return out + " " + trigger.zone;
  return out.replace(inside, 15, "(rrule DTSTART;TZID=" + zone_of(trigger).name() + ":");
}

}  // namespace

std::string reads(const Schedule& schedule) {
  std::string out;
  for (const auto& trigger : schedule.triggers) out += (out.empty() ? "" : " or ") + read_trigger(trigger, schedule);
  return out;
}

}  // namespace carillon

// Cron lines in plain language, for people; the line itself follows in parentheses and is what counts.
#include "server/domain/schedule/reading_words.h"
#include "server/domain/schedule/time_of_day.h"

namespace carillon {
namespace {

// "every 5 minutes" for 0, 5, ... 55 of 60; nothing where the steps are not even.
std::optional<std::string> steps_text(std::uint64_t bits, int size, TimeUnit unit) {
  for (int step = 1; step <= size / 2; ++step) {
    if (size % step != 0) continue;
    std::uint64_t even = 0;
    for (int n = 0; n < size; n += step) even |= std::uint64_t{1} << n;
    if (bits == even) return "every " + counted(step, unit);
  }
  return std::nullopt;
}

std::string named_numbers(const char* name, std::uint64_t bits) {
  const auto numbers = members_of(bits);
  return std::string(name) + (numbers.size() > 1 ? "s " : " ") + joined(number_words(numbers));
}

std::string seconds_text(std::uint64_t seconds) {
  const auto steps = steps_text(seconds, 60, TimeUnit::second);
  return steps ? *steps : "at " + named_numbers("second", seconds);
}

// A rhythm where there is one: "every 15 minutes in hours 8 to 17", "at minute 30 of every hour".
std::string rhythm_text(const CronExpression& cron) {
  const bool every_hour = cron.hours == TimesOfDay::kAllHours, every_minute = cron.minutes == TimesOfDay::kAllSixty;
  const std::string hours = every_hour ? "" : " in " + named_numbers("hour", cron.hours);
  if (cron.seconds != 1)
    return seconds_text(cron.seconds) + (every_minute ? "" : " in " + named_numbers("minute", cron.minutes)) + hours;
  if (const auto steps = steps_text(cron.minutes, 60, TimeUnit::minute)) return *steps + hours;
  if (cron.minutes == 1) {
    const auto steps = steps_text(cron.hours, 24, TimeUnit::hour);
    return steps ? *steps : "on the hour" + hours;
  }
  return "at " + named_numbers("minute", cron.minutes) + (every_hour ? " of every hour" : hours);
}

std::vector<std::string> dates_of(const DayFilter& days) {
  std::vector<std::string> words;
  for (const int day : members_of(days.month_days)) words.push_back("the " + date_ordinal(day));
  for (const int day : members_of(days.month_days_from_end)) words.push_back("the " + date_ordinal(-day));
  for (const int day : members_of(days.nearest_weekdays))
    words.push_back(day == 0 ? "the last weekday" : "the weekday nearest the " + date_ordinal(day));
  return words;
}

std::vector<std::string> weekdays_of(const DayFilter& days) {
  std::vector<std::string> words;
  if (days.weekdays != 0) words.push_back(weekdays_text(days.weekdays));
  for (const auto& item : days.ordinals)
    words.push_back("the " + ordinal_name(item.nth) + " " + std::string(weekday_name(item.weekday)));
  return words;
}

// " on the 13th and on Friday in January"; empty for every day.
std::string days_part(const DayFilter& days) {
  const auto dates = dates_of(days), weekdays = weekdays_of(days);
  std::string out;
  if (!dates.empty()) out += " on " + joined(dates);
  if (!weekdays.empty()) {
    const bool both = days.day_parts == DayFilter::DayParts::both;
    out += (dates.empty() ? " on " : both ? " if on " : " and on ") + joined(weekdays);
  }
  std::vector<std::string> months;
  for (const int month : members_of(days.months)) months.emplace_back(month_name(static_cast<unsigned>(month)));
  if (months.size() < 12) out += " in " + joined(months);
  return out;
}

std::string cron_words(const CronExpression& cron) {
  const std::string days = days_part(cron.days);
  const auto times = times_text(cron.hours, cron.minutes, cron.seconds);
  if (!times) return rhythm_text(cron) + days;
  if (days.empty()) return "every day at " + *times;
  const DayFilter& filter = cron.days;
  const bool plain = days == " on " + weekdays_text(filter.weekdays);
  return plain ? weekdays_text(filter.weekdays) + " at " + *times : "at " + *times + days;
}

}  // namespace

std::string cron_in_full(const CronExpression& cron, const std::string& own_zone) {
  const std::string prefix = own_zone.empty() ? "" : "CRON_TZ=" + own_zone + " ";
  return cron_words(cron) + " (cron " + prefix + cron.text + ")";
}

}  // namespace carillon

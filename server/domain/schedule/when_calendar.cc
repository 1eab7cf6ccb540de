// Calendar phrases (weekdays at 09:00, 1st of month at 08:00), which become recurrence rules with a stored start.
#include <algorithm>
#include <map>
#include <set>

#include "server/domain/schedule/local_rule.h"
#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/slot_source.h"
#include "server/domain/schedule/time_of_day.h"
#include "server/domain/schedule/when_words.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

constexpr std::size_t kTimesMax = 24;

// A comma, an "and", or both.
bool take_joint(WhenCursor& cursor) {
  const bool comma = cursor.take(",");
  return cursor.take("and") || comma;
}

// at 07:30, at 09:00 and 17:00
std::optional<std::vector<Seconds>> take_times(WhenCursor& cursor, const std::string& phrase) {
  if (!cursor.take("at")) {
    if (!cursor.at_end() && !looks_like_time(cursor.peek())) return cursor.not_understood();
    if (cursor.at_end())
      return cursor.ambiguous("the time of day is missing", {phrase + " at 09:00", phrase + " at 17:00"});
  }
  std::vector<Seconds> times;
  do {
    const auto time = take_time(cursor);
    if (!time) return cursor.not_understood();
    times.push_back(*time);
    const std::size_t mark = cursor.mark();
    const bool joined = take_joint(cursor);
    if (!joined) break;
    cursor.take("at");
    if (!looks_like_time(cursor.peek()) || cursor.peek(1) == "times") {
      cursor.back_to(mark);
      break;
    }
  } while (times.size() < kTimesMax);
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  return times;
}

struct TimeLists {
  std::vector<int> hours, minutes, seconds;
};

// Hours, minutes and seconds whose every combination is one of these times; nothing when there is no such.
std::optional<TimeLists> as_product(const std::vector<Seconds>& times) {
  std::set<int> hours, minutes, seconds;
  for (const Seconds time : times) {
    hours.insert(static_cast<int>(time.count() / 3600));
    minutes.insert(static_cast<int>(time.count() / 60 % 60));
    seconds.insert(static_cast<int>(time.count() % 60));
  }
  if (hours.size() * minutes.size() * seconds.size() != times.size()) return std::nullopt;
  return TimeLists{{hours.begin(), hours.end()}, {minutes.begin(), minutes.end()}, {seconds.begin(), seconds.end()}};
}

// One rule where one can say all the times (09:00, 09:30, 17:00 and 17:30), else one for each minute of the hour.
std::vector<RecurrenceRule> with_times(const RecurrenceRule& rule, const std::vector<Seconds>& times) {
  std::vector<std::vector<Seconds>> groups{times};
  if (!as_product(times)) {
    groups.clear();
    std::map<std::int64_t, std::vector<Seconds>> by_minute;
    for (const Seconds time : times) by_minute[time.count() % 3600].push_back(time);
    for (auto& [minute, group] : by_minute) groups.push_back(std::move(group));
  }
  std::vector<RecurrenceRule> rules;
  for (const auto& group : groups) {
    auto lists = *as_product(group);
    rules.push_back(rule);
    rules.back().by_hour = std::move(lists.hours);
    rules.back().by_minute = std::move(lists.minutes);
    rules.back().by_second = std::move(lists.seconds);
  }
  return rules;
}

// The start that is stored: the first occurrence from now on, or from the day that was said. Rules that differ in their
// times of day share it, so that they count the same weeks.
std::optional<LocalSeconds> first_of(WhenCursor& cursor, const std::vector<RecurrenceRule>& rules, const Tail& tail) {
  const std::int64_t from = tail.starting ? tail.starting->local.time_since_epoch().count()
                                          : cursor.local_now().time_since_epoch().count() + 1;
  std::optional<std::int64_t> first;
  for (RecurrenceRule rule : rules) {
    rule.interval = 1;
    const auto found = LocalRule{rule, from}.first_from(from, kLastSecond);
    if (found && (!first || *found < *first)) first = found;
  }
  if (first) return LocalSeconds{Seconds{*first}};
  Error error{ErrorCode::never_fires, "no such day ever comes", "/when"};
  error.details["position"] = cursor.begin();
  return cursor.refuse(std::move(error));
}

Trigger anchored(const WhenCursor& cursor, RecurrenceRule rule, LocalSeconds first, const Tail& tail) {
  RuleTrigger trigger{ScheduleKind::calendar, std::move(rule), first};
  if (tail.until && tail.until->exact)
    trigger.rule.until =
        RuleEnd{std::chrono::floor<Seconds>(tail.until->exact->time_since_epoch()), RuleEnd::Form::utc};
  else if (tail.until)
    trigger.rule.until = RuleEnd{tail.until->local.time_since_epoch(), RuleEnd::Form::local};
  if (tail.count) trigger.rule.count = tail.count;
  trigger.anchored = trigger.rule.interval > 1 || tail.count || tail.starting;
  trigger.last = counted_end(trigger.rule, trigger.start, cursor.zone()).last;
  return trigger_of(cursor, std::move(trigger));
}

std::optional<Triggers> calendar_triggers(WhenCursor& cursor, const RecurrenceRule& rule) {
  const auto times = take_times(cursor, std::string(cursor.text()));
  if (!times) return std::nullopt;
  const auto tail = take_tail(cursor);
  if (!tail) return std::nullopt;
  const auto rules = with_times(rule, *times);
  if (tail->count && tail->until) return cursor.refuse_here("give either an end date or a number of times");
  if (tail->count && rules.size() > 1)
    return cursor.refuse_here("a number of times goes with times of day that share their minutes and seconds");
  const auto first = first_of(cursor, rules, *tail);
  if (!first) return std::nullopt;
  Triggers triggers;
  for (const auto& one : rules) triggers.push_back(anchored(cursor, one, *first, *tail));
  return triggers;
}

std::vector<WeekdayItem> items(const std::vector<unsigned>& weekdays, int ordinal = 0) {
  std::vector<WeekdayItem> out;
  out.reserve(weekdays.size());
  for (const unsigned day : weekdays) out.push_back({ordinal, day});
  return out;
}

// What an ordinal names: a date of the month, its last days, a weekday in it. Adds it to the rule.
struct DayOfMonth {
  std::vector<int> ordinals;
  std::vector<unsigned> weekdays{};  // empty: the ordinals are dates
};

std::optional<DayOfMonth> take_day_of_month(WhenCursor& cursor) {
  DayOfMonth day;
  cursor.take("the");
  do {
    cursor.take("the");
    auto nth = ordinal_from(cursor.peek());
    if (!nth) {
      const auto number = take_number(cursor);
      if (!number || *number < 1 || *number > 31) return cursor.not_understood();
      nth = static_cast<int>(*number);
    } else {
      cursor.take_word();
    }
    if (*nth > 0 && cursor.peek() == "to" && cursor.peek(1) == "last") {  // second to last
      cursor.take_word();
      cursor.take_word();
      nth = -*nth;
    }
    if (*nth == -1 || *nth < 0) cursor.take("day");
    day.ordinals.push_back(*nth);
    const std::size_t mark = cursor.mark();
    const bool joined = take_joint(cursor);
    cursor.take("the");
    if (joined && ordinal_from(cursor.peek())) continue;
    cursor.back_to(mark);
    break;
  } while (!cursor.refused());
  cursor.take_any({"day", "days"});
  if (const auto weekdays = take_weekdays(cursor)) day.weekdays = *weekdays;
  return day;
}

std::optional<Done> apply(WhenCursor& cursor, const DayOfMonth& day, RecurrenceRule& rule) {
  if (day.weekdays.empty()) {
    if (std::any_of(day.ordinals.begin(), day.ordinals.end(), [](int nth) { return nth > 31 || nth < -31; }))
      return cursor.refuse_here("a month has at most 31 days");
    rule.by_month_day = day.ordinals;
    std::sort(rule.by_month_day.begin(), rule.by_month_day.end());
  } else if (day.weekdays.size() == 1) {
    for (const int nth : day.ordinals) {
      if (nth > 5 || nth < -5) return cursor.refuse_here("a weekday comes at most five times in a month");
      rule.by_day.push_back({nth, day.weekdays.front()});
    }
  } else {
    rule.by_day = items(day.weekdays);
    rule.by_set_position = day.ordinals;
    std::sort(rule.by_set_position.begin(), rule.by_set_position.end());
  }
  return Done{};
}

// "of month", "of every month", "of january and july"
std::optional<Done> take_of_month(WhenCursor& cursor, RecurrenceRule& rule) {
  if (!cursor.take_any({"of", "in"})) return cursor.not_understood();
  cursor.take_any({"the", "every", "each"});
  rule.frequency = Frequency::monthly;
  if (cursor.take_any({"month", "months"})) return Done{};
  while (const auto month = month_from(cursor.peek())) {
    cursor.take_word();
    rule.by_month.push_back(static_cast<int>(*month));
    const std::size_t mark = cursor.mark();
    const bool joined = take_joint(cursor);
    if (joined && month_from(cursor.peek())) continue;
    cursor.back_to(mark);
    break;
  }
  if (rule.by_month.empty()) return cursor.not_understood();
  std::sort(rule.by_month.begin(), rule.by_month.end());
  rule.frequency = Frequency::yearly;
  return Done{};
}

}  // namespace

std::optional<Triggers> parse_day_of_month(WhenCursor& cursor, RecurrenceRule rule) {
  const auto day = take_day_of_month(cursor);
  if (!day || !take_of_month(cursor, rule) || !apply(cursor, *day, rule)) return std::nullopt;
  return calendar_triggers(cursor, rule);
}

std::optional<Triggers> parse_weekly(WhenCursor& cursor, RecurrenceRule rule) {
  const auto days = take_weekdays(cursor);
  if (!days) return cursor.not_understood();
  rule.frequency = Frequency::weekly;
  rule.by_day = items(*days);
  return calendar_triggers(cursor, rule);
}

// every n months on the 15th, on the last friday; every year on 24 december
std::optional<Triggers> parse_units(WhenCursor& cursor, TimeUnit unit, std::int64_t interval) {
  RecurrenceRule rule;
  rule.interval = interval;
  if (unit == TimeUnit::day) return calendar_triggers(cursor, rule);
  const std::string phrase(cursor.text());
  if (!cursor.take("on")) {
    if (!cursor.at_end() && cursor.peek() != "at") return cursor.not_understood();
    const std::string time = cursor.at_end() ? " at 09:00" : "";
    if (unit == TimeUnit::week)
      return cursor.ambiguous(
          "the day of the week is missing",
          {"weekly on monday at 09:00", "every " + std::to_string(interval) + " weeks on monday at 09:00"});
    if (unit == TimeUnit::month)
      return cursor.ambiguous("the day of the month is missing",
                              {"1st of month at 09:00", "last day of month at 09:00"});
    return cursor.ambiguous("the date is missing", {"every year on 1 january at 09:00"});
  }
  if (unit == TimeUnit::week) return parse_weekly(cursor, std::move(rule));
  if (unit == TimeUnit::month) {
    rule.frequency = Frequency::monthly;
    const auto day = take_day_of_month(cursor);
    if (!day || !apply(cursor, *day, rule)) return std::nullopt;
    return calendar_triggers(cursor, rule);
  }
  rule.frequency = Frequency::yearly;
  const auto date = take_date(cursor);
  if (!date) return cursor.not_understood();
  const CivilDay civil = civil_day(date->day);
  rule.by_month = {static_cast<int>(civil.month)};
  rule.by_month_day = {static_cast<int>(civil.day)};
  return calendar_triggers(cursor, rule);
}

bool begins_calendar(const WhenCursor& cursor) {
  const std::string_view word = cursor.peek();
  if (word == "daily" || word == "weekly" || word == "monthly" || word == "yearly" || word == "hourly" || word == "the")
    return true;
  if (word == "weekdays" || word == "weekends" || word == "weekday" || word == "weekend") return true;
  const bool dated = cursor.peek(1) == "of" && month_from(cursor.peek(2)) && cursor.peek(3).size() == 4 &&
                     cursor.peek(3)[0] >= '1' && cursor.peek(3)[0] <= '9';
  if (ordinal_from(word) && !month_from(cursor.peek(1)) && !dated) return true;
  // A lone singular weekday is one day (friday 17:00); a plural, a list or a range repeats.
  const auto dash = word.find('-');
  if (dash != std::string_view::npos && weekday_from(word.substr(0, dash))) return true;
  if (!weekday_from(word)) return false;
  const bool listed = (cursor.peek(1) == "," && weekday_from(cursor.peek(2))) || cursor.peek(1) == "and";
  return listed || is_plural_weekday(word);
}

std::optional<Triggers> parse_calendar(WhenCursor& cursor) {
  RecurrenceRule rule;
  if (cursor.take("hourly")) return parse_interval(cursor, Seconds{3600});
  if (cursor.take("daily")) return calendar_triggers(cursor, rule);
  if (cursor.take("weekly")) return parse_units(cursor, TimeUnit::week, 1);
  if (cursor.take("monthly")) return parse_units(cursor, TimeUnit::month, 1);
  if (cursor.take("yearly")) return parse_units(cursor, TimeUnit::year, 1);
  if (cursor.peek() == "the" || ordinal_from(cursor.peek())) return parse_day_of_month(cursor, std::move(rule));
  return parse_weekly(cursor, std::move(rule));
}

}  // namespace carillon

// Phrases that repeat: intervals (every 15m between 08:00 and 18:00) and calendar phrases (weekdays at 09:00, 1st of
// month at 08:00), which become recurrence rules with a stored start.
#include <algorithm>

#include "server/domain/schedule/local_rule.h"
#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/slot_source.h"
#include "server/domain/schedule/time_of_day.h"
#include "server/domain/schedule/when_words.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

constexpr std::int64_t kEverySecondsMax = 366LL * 86400 * 100;
constexpr std::size_t kTimesMax = 24;

// What may follow a repeating phrase: , starting 24 November 2026 at 10:00, until 2027-01-01, 5 times
struct Tail {
  std::optional<LocalSeconds> starting, until;
  std::optional<std::int64_t> count;
};

// A comma, an "and", or both.
bool take_joint(WhenCursor& cursor) {
  const bool comma = cursor.take(",");
  return cursor.take("and") || comma;
}

enum class DayEdge { begin, end };

std::optional<LocalSeconds> take_moment(WhenCursor& cursor, DayEdge edge) {
  const auto date = take_date(cursor);
  if (!date) return cursor.not_understood();
  const std::size_t mark = cursor.mark();
  cursor.take("at");
  if (looks_like_time(cursor.peek())) {
    const auto time = take_time(cursor);
    if (!time) return std::nullopt;
    return local_of(date->day, *time);
  }
  cursor.back_to(mark);
  return local_of(date->day, edge == DayEdge::begin ? Seconds{0} : Seconds{kDaySeconds - 1});
}

std::optional<Tail> take_tail(WhenCursor& cursor) {
  Tail tail;
  while (!cursor.at_end() && !cursor.refused()) {
    cursor.take(",");
    if (cursor.take_any({"starting", "from"})) {
      cursor.take_any({"on", "from"});
      tail.starting = take_moment(cursor, DayEdge::begin);
    } else if (cursor.take_any({"until", "till", "through"})) {
      tail.until = take_moment(cursor, DayEdge::end);
    } else {
      cursor.take("for");
      tail.count = take_number(cursor);
      if (!tail.count || *tail.count < 1 || !cursor.take_any({"times", "time"})) return cursor.not_understood();
    }
  }
  if (cursor.refused()) return std::nullopt;
  return tail;
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

// Times that one rule can say together (one minute, many hours) stay together; others make a rule each.
std::vector<RecurrenceRule> with_times(const RecurrenceRule& rule, const std::vector<Seconds>& times) {
  std::vector<RecurrenceRule> rules;
  for (const Seconds time : times) {
    const auto hour = static_cast<int>(time.count() / 3600), minute = static_cast<int>(time.count() / 60 % 60),
               second = static_cast<int>(time.count() % 60);
    const auto same = std::find_if(rules.begin(), rules.end(), [&](const RecurrenceRule& known) {
      return known.by_minute.front() == minute && known.by_second.front() == second;
    });
    if (same != rules.end()) {
      same->by_hour.push_back(hour);
      continue;
    }
    rules.push_back(rule);
    rules.back().by_hour = {hour};
    rules.back().by_minute = {minute};
    rules.back().by_second = {second};
  }
  return rules;
}

// The start that is stored: the first occurrence from now on, or from the day that was said. Rules that differ in their
// times of day share it, so that they count the same weeks.
std::optional<LocalSeconds> first_of(WhenCursor& cursor, const std::vector<RecurrenceRule>& rules, const Tail& tail) {
  const std::int64_t from =
      tail.starting ? tail.starting->time_since_epoch().count() : cursor.local_now().time_since_epoch().count() + 1;
  std::optional<std::int64_t> first;
  for (RecurrenceRule rule : rules) {
    rule.interval = 1;
    const auto found = LocalRule{rule, from}.first_from(from, kLastSecond);
    if (found && (!first || *found < *first)) first = found;
  }
  if (first) return LocalSeconds{Seconds{*first}};
  Error error{ErrorCode::never_fires, "no such day ever comes", "/when"};
  error.details["position"] = std::size_t{0};
  return cursor.refuse(std::move(error));
}

Trigger anchored(const WhenCursor& cursor, RecurrenceRule rule, LocalSeconds first, const Tail& tail) {
  RuleTrigger trigger{ScheduleKind::calendar, std::move(rule), first};
  if (tail.until) trigger.rule.until = RuleEnd{tail.until->time_since_epoch(), RuleEnd::Form::local};
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
    return cursor.refuse_here("a number of times goes with times of day that share their minutes");
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

std::optional<IntervalTrigger::Window> take_window(WhenCursor& cursor) {
  const auto from = take_time(cursor);
  if (!from || !cursor.take_any({"and", "to", "until"})) return cursor.not_understood();
  auto to = cursor.take("24:00") ? std::optional{Seconds{kDaySeconds}} : take_time(cursor);
  if (!to) return cursor.not_understood();
  return IntervalTrigger::Window{*from, to->count() == 0 ? Seconds{kDaySeconds} : *to, 0x7F};
}

// from 08:00; between 08:00 and 18:00; on weekdays; then the tail.
std::optional<Triggers> parse_interval(WhenCursor& cursor, Seconds every) {
  IntervalTrigger interval{every, std::chrono::floor<Seconds>(cursor.now()) + every, std::nullopt};
  std::optional<Seconds> from;
  for (bool more = true; more && !cursor.refused();) {
    const std::size_t mark = cursor.mark();
    cursor.take(",");
    if (cursor.take("between")) {
      const std::uint8_t days = interval.window ? interval.window->weekdays : std::uint8_t{0x7F};
      interval.window = take_window(cursor);
      if (interval.window) interval.window->weekdays = days;
    } else if (cursor.peek() == "from" && looks_like_time(cursor.peek(1))) {
      cursor.take_word();
      from = take_time(cursor);
      if (from && cursor.take_any({"to", "until"})) {
        const auto to = take_time(cursor);
        if (!to) return cursor.not_understood();
        interval.window = IntervalTrigger::Window{*from, to->count() == 0 ? Seconds{kDaySeconds} : *to, 0x7F};
      }
    } else if (const bool on = cursor.take("on"); on || take_weekdays(cursor)) {
      if (!on) cursor.back_to(mark);
      cursor.take(",");
      const auto days = take_weekdays(cursor);
      if (!days) return cursor.not_understood();
      if (!interval.window)
        interval.window = IntervalTrigger::Window{from.value_or(Seconds{0}), Seconds{kDaySeconds}, 0};
      interval.window->weekdays = 0;
      for (const unsigned day : *days) interval.window->weekdays |= static_cast<std::uint8_t>(1U << day);
    } else {
      cursor.back_to(mark);
      more = false;
    }
  }
  const auto tail = take_tail(cursor);
  if (!tail) return std::nullopt;
  if (tail->count)
    return cursor.refuse_here("a number of times goes with calendar phrases: give options.max_runs instead");
  if (interval.window) interval.first = std::chrono::floor<Seconds>(cursor.now());
  interval.anchored = !interval.window || tail->starting;
  if (tail->starting) interval.first = instant_of(cursor.zone(), *tail->starting);
  if (from && !interval.window && !tail->starting) {
    const auto midnight = std::chrono::floor<std::chrono::days>(cursor.local_now().time_since_epoch());
    interval.first = instant_of(cursor.zone(), LocalSeconds{midnight + *from});
    if (interval.first <= cursor.now())
      interval.first += ((cursor.now() - interval.first) / Duration{every} + 1) * Duration{every};
  }
  Trigger trigger = trigger_of(cursor, interval);
  if (tail->until) trigger.until = instant_of(cursor.zone(), *tail->until);
  return Triggers{std::move(trigger)};
}

}  // namespace

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
  return listed || (word.ends_with('s') && word != "tues" && word != "thurs" && word != "wednes");
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

std::optional<Triggers> parse_every(WhenCursor& cursor) {
  const std::size_t begin = cursor.mark();
  RecurrenceRule rule;
  if (cursor.take("other")) rule.interval = 2;
  // "every second Tuesday" is every two weeks; "every second day" every two days.
  if (const auto nth = ordinal_from(cursor.peek()); nth && *nth > 1) {
    const auto unit = unit_from(cursor.peek(1));
    const bool in_month = cursor.peek(2) == "of" || cursor.peek(2) == "in";
    if (!in_month && (weekday_from(cursor.peek(1)) || (unit && *unit >= TimeUnit::day))) {
      cursor.take_word();
      rule.interval = *nth;
    }
  }
  if (rule.interval > 1) {
    const auto unit = unit_from(cursor.peek());
    if (!unit) return parse_weekly(cursor, std::move(rule));
    cursor.take_word();
    if (*unit >= TimeUnit::day) return parse_units(cursor, *unit, rule.interval);
    return parse_interval(cursor, Seconds{rule.interval * seconds_in(*unit)});
  }
  const bool nth_day = ordinal_from(cursor.peek()) &&
                       (cursor.peek() != "second" || weekday_from(cursor.peek(1)) || cursor.peek(1) == "to");
  if (nth_day || cursor.peek() == "the") return parse_day_of_month(cursor, std::move(rule));
  if (const auto unit = unit_from(cursor.peek())) {
    cursor.take_word();
    if (*unit >= TimeUnit::day) return parse_units(cursor, *unit, 1);
    return parse_interval(cursor, Seconds{seconds_in(*unit)});
  }
  const auto span = take_span(cursor);
  if (!span) return parse_weekly(cursor, std::move(rule));
  const bool mixed = (span->months != 0) + (span->days != 0) + (span->seconds != 0) != 1;
  if (mixed || span->seconds > kEverySecondsMax || span->months > 1200 || span->days > 36500) {
    cursor.back_to(begin);
    return cursor.refuse_here("repeat by one unit, at least every second and at most every hundred years",
                              {"every 15m", "every 2 days at 09:00"});
  }
  if (span->seconds > 0) return parse_interval(cursor, Seconds{span->seconds});
  const std::string& unit_word = cursor.word(cursor.mark() - 1).lower;
  const bool years = span->months % 12 == 0 && unit_word.find('y') != std::string::npos;
  if (years && span->months > 0) return parse_units(cursor, TimeUnit::year, span->months / 12);
  if (span->months > 0) return parse_units(cursor, TimeUnit::month, span->months);
  const bool weeks = span->days % 7 == 0 && unit_word.find('w') != std::string::npos;
  if (weeks) return parse_units(cursor, TimeUnit::week, span->days / 7);
  return parse_units(cursor, TimeUnit::day, span->days);
}

}  // namespace carillon

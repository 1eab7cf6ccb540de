// Phrases that begin with "every": intervals (every 15m between 08:00 and 18:00) and what of the calendar they lead to.
#include <algorithm>

#include "server/domain/schedule/refusal.h"
#include "server/domain/schedule/slot_source.h"
#include "server/domain/schedule/time_of_day.h"
#include "server/domain/schedule/when_words.h"
#include "server/domain/schedule/words.h"

namespace carillon {
namespace {

constexpr std::int64_t kEverySecondsMax = 366LL * 86400 * 100;

std::optional<IntervalTrigger::Window> take_window(WhenCursor& cursor) {
  const auto from = take_time(cursor);
  if (!from || !cursor.take_any({"and", "to", "until"})) return cursor.not_understood();
  auto to = cursor.take("24:00") ? std::optional{Seconds{kDaySeconds}} : take_time(cursor);
  if (!to) return cursor.not_understood();
  return IntervalTrigger::Window{*from, to->count() == 0 ? Seconds{kDaySeconds} : *to, 0x7F};
}

}  // namespace

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
  if (tail->starting) interval.first = tail->starting->instant(cursor.zone());
  if (from && !interval.window && !tail->starting) {
    const auto midnight = std::chrono::floor<std::chrono::days>(cursor.local_now().time_since_epoch());
    interval.first = instant_of(cursor.zone(), LocalSeconds{midnight + *from});
    if (interval.first <= cursor.now())
      interval.first += ((cursor.now() - interval.first) / Duration{every} + 1) * Duration{every};
  }
  Trigger trigger = trigger_of(cursor, interval);
  if (tail->until) trigger.until = tail->until->instant(cursor.zone());
  return Triggers{std::move(trigger)};
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
